// The configuration changes while requests come: none is lost, each is decided by one configuration, nothing is counted twice.
import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {stringify} from 'yaml';
import {json, startServer} from '../remote/servers.ts';
import {until} from '../store/rig.ts';
import {type CheckClient, type CheckResponse, checkRequestOf, makeCheckClient} from '../support/checkClient.ts';
import {type IdentityProvider, startIdentityProvider} from '../support/identityProvider.ts';
import {freePort} from '../support/ports.ts';
import {type Postern, startPostern} from '../support/postern.ts';
import {acme, people} from '../support/stage.ts';
import {settingsOf, swapped} from './swaps.ts';

const bought = (...tenants: string[]) => ({
  features: {reports: {}},
  plans: {pro: {features: ['reports']}},
  grants: tenants.map((tenant) => ({plan: 'pro', tenant})),
});
const reports = {name: 'reports', match: {path: '/reports'}, require: {features: ['reports']}};
const failures = 'postern_config_reloads_total{result="failure"}';
const successes = 'postern_config_reloads_total{result="success"}';

describe('a configuration that changes', function () {
  this.timeout(120_000);
  let identityProvider: IdentityProvider;
  let token: string;
  let postern: Postern;
  let client: CheckClient;
  const ends: (() => unknown)[] = [];
  before(async () => {
    identityProvider = await startIdentityProvider({people, audience: 'orders-api'});
    token = await identityProvider.token('alice');
  });
  after(() => identityProvider?.stop());
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  const start = async (settings: object, files: Record<string, object> = {}) => {
    postern = await startPostern({providers: [acme(identityProvider.issuer)], ...settings}, {files});
    ends.push(() => postern.stop());
    client = makeCheckClient(postern.address);
    ends.push(() => client.close());
  };
  /** Writes another configuration, with the same addresses. */
  const write = (settings: object | string) => {
    const listen = {server: {listen: postern.address}, admin: {listen: new URL(postern.adminUrl).host}};
    const whole = {providers: [acme(identityProvider.issuer)], ...listen};
    const text = typeof settings === 'string' ? settings : stringify({...whole, ...settings});
    writeFileSync(join(postern.folder, 'postern.yaml'), text);
  };
  const taken = (series: string, count: number) =>
    until(`${series} is ${count}`, async () => (await postern.metric(series)) === count, 15_000);
  const ask = (path: string) => client.check(checkRequestOf({path, headers: [['authorization', `Bearer ${token}`]]}));
  const says = async (path: string): Promise<string> => {
    const answer = await ask(path);
    if (answer.okResponse !== undefined) return 'allow';
    return JSON.parse((answer.deniedResponse ?? answer.errorResponse)?.body ?? '{}').code;
  };
  const seriesOf = async (name: string): Promise<readonly string[]> => {
    const text = await (await fetch(`${postern.adminUrl}/metrics`)).text();
    return text.split('\n').filter((line) => line.startsWith(name));
  };

  it('swapped 50 times: of 10,000 decisions none is lost, none is a mixture', async () => {
    await start(settingsOf(0));
    await swapped(ask, async (round) => {
      write(settingsOf(round));
      await taken(successes, round);
    });
  });

  it('under load: no call is lost, none is decided by half a configuration, a bad file changes nothing', async () => {
    const settingsOf = (name: 'a' | 'b') => ({
      rules: [
        {name: `${name}-closed`, match: {path: '/closed'}, deny: true},
        {name: `${name}-open`, match: {path: '/**'}, require: {}},
      ],
      responses: {identity: {[`x-auth-${name}`]: 'subject'}, status: {denied_by_rule: name === 'a' ? 404 : 410}},
    });
    /** The configuration that an answer is wholly of: its rule, its headers, its status. */
    const configurationOf = (path: string, answer: CheckResponse): string => {
      const rule = /"(a|b)-(?:open|closed)"/.exec(JSON.stringify(answer.dynamicMetadata))?.[1] ?? 'neither';
      if (path === '/closed') {
        const status = answer.deniedResponse?.status?.code;
        return status === (rule === 'a' ? 'NotFound' : 'Gone') ? rule : `rule of ${rule}, status ${status}`;
      }
      const headers = answer.okResponse?.headers?.map(({header}) => header.key).join();
      return headers === `x-auth-${rule}` ? rule : `rule of ${rule}, headers ${headers}`;
    };
    await start(settingsOf('a'));
    const seen = new Map<string, number>();
    let changing = true;
    const lane = async (path: string) => {
      while (changing) {
        const answer = await ask(path).then(
          (response) => configurationOf(path, response),
          (error) => `lost: ${error.message}`,
        );
        seen.set(answer, (seen.get(answer) ?? 0) + 1);
      }
    };
    const lanes = ['/x', '/closed', '/x', '/closed', '/x', '/x'].map(lane);
    for (let round = 1; round <= 3; round++) {
      write(settingsOf('b'));
      await taken(successes, 2 * round - 1);
      write('rules: [{name: broken');
      await taken(failures, round);
      assert.equal(configurationOf('/x', await ask('/x')), 'b', 'the last good one');
      write(settingsOf('a'));
      await taken(successes, 2 * round);
    }
    changing = false;
    await Promise.all(lanes);
    assert.deepEqual([...seen.keys()].sort(), ['a', 'b'], JSON.stringify([...seen]));
    console.log(`      ${seen.get('a')} calls by one, ${seen.get('b')} by the other`);
    assert.match(postern.logs(), /the configuration has changed and is bad: the last good one stays in force/);
    assert.match(postern.logs(), /postern\.yaml:1:/);
  });

  it('entitlements from elsewhere: they count, and no gauge doubles', async () => {
    const settingsOf = (path: string) => ({rules: [reports], entitlements: {source: {type: 'file', path}}});
    await start(settingsOf('one.yaml'), {'one.yaml': bought('acme'), 'two.yaml': bought('t1', 't2', 't3')});
    assert.equal(await says('/reports'), 'allow');
    write(settingsOf('two.yaml'));
    await taken(successes, 1);
    assert.equal(await says('/reports'), 'missing_feature');
    assert.deepEqual(await seriesOf('postern_entitlements_grants'), ['postern_entitlements_grants 3']);
    assert.equal((await seriesOf('postern_entitlements_age_seconds')).length, 1);
    assert.equal((await seriesOf('postern_keys_age_seconds')).length, 1);
    write(settingsOf('one.yaml'));
    await taken(successes, 2);
    assert.equal(await says('/reports'), 'allow');
    assert.deepEqual(await seriesOf('postern_entitlements_grants'), ['postern_entitlements_grants 1']);
  });

  const readyz = async () => {
    const response = await fetch(`${postern.adminUrl}/readyz`);
    const {status, parts} = (await response.json()) as {status: string; parts: {part: string; detail?: string}[]};
    return {code: response.status, status, said: parts.find(({part}) => part === 'configuration')?.detail};
  };
  const waiting = 'postern_config_waiting';
  const elsewhere = (issuer: string, name = 'acme') => ({...acme(issuer), name});
  const all = (name: string) => ({name, match: {path: '/reports'}, require: {}});

  it('entitlements that cannot be had: it waits, and says for what, until they can', async () => {
    const settingsOf = (path: string) => ({rules: [reports], entitlements: {source: {type: 'file', path}}});
    await start(settingsOf('one.yaml'), {'one.yaml': bought('acme')});
    write(settingsOf('none.yaml'));
    await taken(waiting, 1);
    assert.equal(await says('/reports'), 'allow', 'the last good one');
    const {code, status, said} = await readyz();
    assert.deepEqual([code, status], [200, 'degraded']);
    assert.match(`${said}`, /^a new configuration waits for entitlements since /);
    writeFileSync(join(postern.folder, 'none.yaml'), stringify(bought('t1')));
    await taken(successes, 1);
    assert.equal(await says('/reports'), 'missing_feature');
    assert.deepEqual([(await readyz()).status, await postern.metric(waiting)], ['ready', 0]);
  });

  it('keys that cannot be had: it waits, another change takes its place, and a bad one too', async () => {
    await start({rules: [all('old')]});
    const dead = `http://127.0.0.1:${await freePort()}`;
    write({rules: [all('new')], providers: [elsewhere(dead)]});
    await taken(waiting, 1);
    assert.equal(await says('/reports'), 'allow');
    assert.match(`${(await readyz()).said}`, /waits for keys of provider acme since .*ECONNREFUSED/);
    assert.match(
      postern.logs(),
      /a new configuration waits for keys of provider acme: the last good one stays in force/,
    );
    write('rules: [{name: broken');
    await taken(failures, 1);
    const {code, status, said} = await readyz();
    assert.deepEqual([code, status, await postern.metric(waiting)], [200, 'degraded', 0]);
    assert.match(
      `${said}`,
      /^The changed configuration is bad, and the last good one stays in force: .*postern\.yaml:1:/,
    );
    write({rules: [all('newest')]});
    await taken(successes, 1);
    assert.deepEqual([await says('/reports'), (await readyz()).said], ['allow', undefined]);
  });

  it('one of several issuers is away: that one alone is unavailable, at the start and after a change', async () => {
    const dead = await freePort();
    const partner = elsewhere(`http://127.0.0.1:${dead}`, 'partner');
    const providers = [partner, acme(identityProvider.issuer)];
    await start({providers, rules: [all('one')]});
    assert.deepEqual([await says('/reports'), (await readyz()).status], ['allow', 'degraded']);
    // It takes nothing from anybody, so nothing waits for it; and one that works is not lost to a change.
    write({providers: [...providers, elsewhere(`http://127.0.0.1:${dead}`, 'third')], rules: [all('two')]});
    await taken(successes, 1);
    write({providers: [partner, elsewhere(`http://127.0.0.1:${dead}`)], rules: [all('three')]});
    await taken(waiting, 1);
    assert.deepEqual([await says('/reports'), (await readyz()).code], ['allow', 200]);
  });

  it('keys are kept by a change that leaves their provider alone, even while the issuer is away', async () => {
    const keyServer = await startServer(async (_request, response) => {
      const discovery = await (await fetch(`${identityProvider.issuer}/.well-known/openid-configuration`)).json();
      json(response, await (await fetch((discovery as {jwks_uri: string}).jwks_uri)).json());
    });
    const provider = {...acme(identityProvider.issuer), jwksUri: `${keyServer.url}/keys`};
    await start({providers: [provider], rules: [all('one')]});
    assert.equal(await says('/reports'), 'allow');
    await keyServer.close();
    write({providers: [provider], rules: [all('two')]});
    await taken(successes, 1);
    assert.deepEqual([await says('/reports'), (await readyz()).status], ['allow', 'ready']);
  });

  it('entitlements that it leaves alone are kept, even while their source is away', async () => {
    const source = await startServer((_request, response) => json(response, bought('acme')));
    const entitlements = {source: {type: 'http', url: `${source.url}/e`}, cache: {fresh: '200ms', stale: '10m'}};
    await start({rules: [reports], entitlements});
    assert.equal(await says('/reports'), 'allow');
    await source.close();
    write({rules: [reports, {name: 'new', match: {path: '/new'}, public: true}], entitlements});
    await taken(successes, 1);
    assert.deepEqual([await says('/reports'), await says('/new')], ['allow', 'allow']);
    // The old parts end ten seconds after the change; what the new ones go on using must not end with them.
    await sleep(10_500);
    assert.equal(await says('/reports'), 'allow');
    assert.deepEqual(await seriesOf('postern_entitlements_grants'), ['postern_entitlements_grants 1']);
    const age = await postern.metric('postern_entitlements_age_seconds');
    assert.ok(age !== undefined && age > 10, `${age}`);
  });

  it('what takes a restart is refused: entitlements in a Redis that was not there at the start', async () => {
    await start({rules: [{name: 'all', match: {}, public: true}]});
    write({rules: [reports], redis: {url: 'redis://127.0.0.1:1'}, entitlements: {source: {type: 'redis'}}});
    await taken(failures, 1);
    assert.equal(await says('/reports'), 'allow', 'the last good one');
    assert.match(postern.logs(), /needs the setting redis, which is new: restart Postern/);
  });
});
