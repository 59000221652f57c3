// `tenants: granted`, put together as the program does: a family of issuers, and the entitlements that say whose they are.
import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {loadSettings} from '../../src/config/load.ts';
import {type Decider, makeDecider} from '../../src/wiring/decider.ts';
import {makeShared, type Shared} from '../../src/wiring/shared.ts';
import {errorsOf} from '../config/support.ts';
import {makeSigner, type Signer} from '../providers/tokens.ts';
import {json, startServer, type TestServer} from '../remote/servers.ts';
import {temporaryFolder} from '../support/ports.ts';
import {writeFiles} from '../support/postern.ts';
import {request} from '../support/requests.ts';

describe('tenants: granted', () => {
  let server: TestServer;
  let signer: Signer;
  let open: {decider: Decider; shared: Shared}[] = [];
  before(async () => {
    signer = await makeSigner('EdDSA', 'k1');
    server = await startServer((asked, response) => {
      const [, realm = '', rest] = /^\/realms\/([^/]+)\/(.*)$/.exec(asked.url ?? '') ?? [];
      const own = `${server.url}/realms/${realm}`;
      if (rest === '.well-known/openid-configuration') return json(response, {issuer: own, jwks_uri: `${own}/keys`});
      return json(response, {keys: [signer.jwk]});
    });
  });
  afterEach(async () => {
    for (const {decider, shared} of open.splice(0)) {
      await decider.close();
      await shared.close();
    }
  });
  after(() => server.close());

  const settings = (entitlements: object) => ({
    providers: [
      {
        name: 'realms',
        type: 'oidc',
        issuer: `${server.url}/realms/{realm}`,
        audience: ['orders-api'],
        tenants: 'granted',
      },
    ],
    entitlements,
    rules: [{name: 'all', match: {}, require: {}}],
    log: {level: 'silent'},
  });
  const plans = {plans: {pro: {features: []}}};
  const make = async (entitlements: object, files: Record<string, object> = {}, known?: Shared) => {
    const folder = temporaryFolder();
    writeFiles(folder, {'postern.yaml': settings(entitlements), ...files});
    const loaded = await loadSettings(join(folder, 'postern.yaml'));
    assert.ok(loaded.settings, JSON.stringify(loaded.errors));
    const shared = known ?? (await makeShared(loaded.settings, () => []));
    const decider = await makeDecider(loaded, shared);
    open.push({decider, shared});
    const says = async (realm: string): Promise<string> => {
      const seconds = Math.floor(Date.now() / 1_000);
      const token = await signer.token({iss: `${server.url}/realms/${realm}`, iat: seconds, exp: seconds + 60});
      const asked = request('/', {headers: {authorization: `Bearer ${token}`}});
      const decision = await decider.check(asked, {id: 'd', now: Date.now(), deadline: Number.POSITIVE_INFINITY});
      return decision.outcome === 'allow' ? `allow ${decision.principal?.tenant}` : decision.reason;
    };
    const grant = (...tenants: string[]) =>
      writeFileSync(
        join(folder, 'entitlements.yaml'),
        JSON.stringify({...plans, grants: tenants.map((tenant) => ({plan: 'pro', tenant}))}),
      );
    return {decider, shared, says, grant};
  };
  const file = {source: {type: 'file', path: 'entitlements.yaml'}};
  const granted = (...tenants: string[]) => ({
    'entitlements.yaml': {...plans, grants: tenants.map((tenant) => ({plan: 'pro', tenant}))},
  });

  it('a tenant with a grant; one without asks nobody; one that is granted later, within 2 s', async () => {
    const {decider, says, grant} = await make(file, granted('t1'));
    await decider.start();
    assert.equal(await says('t1'), 'allow t1');
    const before = server.asked.length;
    assert.equal(await says('t2'), 'wrong_tenant');
    assert.equal(server.asked.length, before);
    grant('t1', 't2');
    const until = Date.now() + 10_000;
    while ((await says('t2')) !== 'allow t2') {
      assert.ok(Date.now() < until, 'it never came to count');
      await sleep(20);
    }
    grant('t2');
    while ((await says('t1')) !== 'wrong_tenant') {
      assert.ok(Date.now() < until + 10_000, 'the grant never ended');
      await sleep(20);
    }
  });

  it('before the entitlements are loaded: unavailable', async () => {
    const {decider, says} = await make({source: {type: 'http', url: `http://127.0.0.1:1/none`}});
    await decider.start();
    assert.equal(await says('t1'), 'unavailable');
    assert.equal(
      decider.health().some(({state}) => state === 'unready'),
      true,
    );
  });

  it('a changed configuration goes by its own entitlements, and keeps the keys', async () => {
    const one = await make(file, granted('t1'));
    await one.decider.start();
    assert.equal(await one.says('t1'), 'allow t1');
    const before = server.asked.length;
    const other = await make({...file, cache: {fresh: '20s'}}, granted('t2'), one.shared);
    await other.decider.start();
    assert.deepEqual([await other.says('t1'), await one.says('t1')], ['wrong_tenant', 'allow t1']);
    assert.equal(server.asked.length, before, 'the provider is the same, with its keys');
    open = open.filter(({decider}) => decider !== other.decider);
    await other.decider.close();
  });

  const faults: [what: string, more: string, line: RegExp][] = [
    ['no entitlements', '', /providers\[0\]\.tenants: is granted, which needs the setting entitlements/],
    [
      'a source that is asked about one principal at a time',
      'entitlements: {source: {type: kinde, domain: https://acme.kinde.com}}',
      /providers\[0\]\.tenants: is granted, which entitlements of type kinde cannot answer/,
    ],
  ];
  for (const [what, more, line] of faults) {
    it(`${what}: an error of the settings`, async () => {
      const text = `providers: [{name: a, type: oidc, issuer: 'https://login.example/{t}', audience: any, tenants: granted}]
rules: [{name: all, match: {}, require: {}}]
${more}
`;
      const errors = await errorsOf(text);
      assert.equal(errors.length, 1, errors.join('\n'));
      assert.match(errors[0] ?? '', line);
    });
  }
});
