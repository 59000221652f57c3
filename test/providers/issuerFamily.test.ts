// Families of issuers: two hundred realms, names that look like one, a flood of made-up ones, and one key set for all.
import assert from 'node:assert/strict';
import {Unavailable} from '../../src/core/unavailable.ts';
import {makeIssuerFamily} from '../../src/providers/issuerFamily.ts';
import {makeIssuerTemplate, templateFault} from '../../src/providers/issuerTemplate.ts';
import {oidcSettings} from '../../src/providers/oidcSettings.ts';
import type {Provider} from '../../src/providers/provider.ts';
import {namedTenants, withGrantedTenants, withTenants} from '../../src/providers/tenants.ts';
import {json, startServer, type TestServer, testRemote} from '../remote/servers.ts';
import {request} from '../support/requests.ts';
import {makeSigner, now, type Signer} from './tokens.ts';

describe('an issuer with a capture', () => {
  const {tenantOf} = makeIssuerTemplate('https://login.example/{tenant}/v2.0');
  const rows: [unknown, string | undefined][] = [
    ['https://login.example/t1/v2.0', 't1'],
    ['https://login.example/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0', '9188040d-6c67-4c5b-b112-36a304b66dad'],
    ['https://login.example/a.b_c~d/v2.0', 'a.b_c~d'],
    ['https://login.example/t1/v2.0/', undefined],
    ['https://login.example/t1/v2x0', undefined],
    ['https://login.example//v2.0', undefined],
    ['https://login.example/../v2.0', undefined],
    ['https://login.example/./v2.0', undefined],
    ['https://login.example/t1/../t2/v2.0', undefined],
    ['https://login.example/t1%2f..%2ft2/v2.0', undefined],
    ['https://login.example/t1?x/v2.0', undefined],
    ['https://login.example/t1#/v2.0', undefined],
    ['https://login.example/t1/v2.0\n', undefined],
    ['https://login.example.evil.example/t1/v2.0', undefined],
    ['https://login.example@evil.example/t1/v2.0', undefined],
    ['http://login.example/t1/v2.0', undefined],
    ['HTTPS://login.example/t1/v2.0', undefined],
    ['https://login.example/{tenant}/v2.0', undefined],
    ['https://login.example/tänt/v2.0', undefined],
    [`https://login.example/${'t'.repeat(129)}/v2.0`, undefined],
    [['https://login.example/t1/v2.0'], undefined],
    [undefined, undefined],
  ];
  for (const [issuer, tenant] of rows) {
    it(`${JSON.stringify(issuer)?.slice(0, 80)}: ${tenant ?? 'none of the family'}`, () =>
      assert.equal(tenantOf(issuer), tenant));
  }

  const faults: [string, string | undefined, RegExp | undefined][] = [
    ['https://login.example/{tenant}/v2.0', undefined, undefined],
    ['https://login.example/{tenant}', 'https://login.example/{tenant}/keys', undefined],
    ['https://{tenant}.login.example', 'https://login.example/keys', undefined],
    ['https://{tenant}.login.example', undefined, /choose whom Postern asks/],
    ['https://login.example/{a}/{b}', undefined, /one capture/],
    ['https://login.example/{a/v2', undefined, /one capture/],
    ['https://login.example/{tenant}', 'https://{tenant}.example/keys', /choose whom Postern asks/],
    ['https://login.example/{tenant}', 'https://login.example/{other}/keys', /not \{tenant\}/],
  ];
  for (const [issuer, jwksUri, words] of faults) {
    it(`${issuer}, keys at ${jwksUri ?? 'its own'}: ${words === undefined ? 'good' : 'refused'}`, () => {
      const fault = templateFault(issuer, jwksUri)?.message;
      if (words === undefined) assert.equal(fault, undefined);
      else assert.match(fault ?? '', words);
    });
  }
});

describe('a family of issuers', () => {
  let signer: Signer;
  let server: TestServer;
  let realms: Set<string>;
  let broken = false;
  const remote = testRemote({circuit: {failures: 1_000, shortest: 1, longest: 1}});
  const providers: Provider[] = [];
  let steady = 0;
  let granted: ReadonlySet<string> | undefined;

  before(async () => {
    signer = await makeSigner('EdDSA', 'k1');
    server = await startServer((asked, response) => {
      if (broken) return response.writeHead(500).end();
      const [, realm = '', rest] = /^\/realms\/([^/]+)\/(.*)$/.exec(asked.url ?? '') ?? [];
      if (asked.url === '/keys') return json(response, {keys: [signer.jwk]});
      if (!realms.has(realm)) return response.writeHead(404).end();
      const own = `${server.url}/realms/${realm}`;
      if (rest === '.well-known/openid-configuration') return json(response, {issuer: own, jwks_uri: `${own}/keys`});
      return json(response, {keys: [signer.jwk]});
    });
  });
  beforeEach(() => {
    realms = new Set(Array.from({length: 200}, (_, at) => `r${at}`));
    broken = false;
  });
  afterEach(async () => {
    for (const provider of providers.splice(0)) await provider.close?.();
  });
  after(async () => {
    await remote.close();
    await server.close();
  });

  const make = (more: object = {}): Provider => {
    const settings = oidcSettings.parse({
      type: 'oidc',
      name: 'family',
      issuer: `${server.url}/realms/{realm}`,
      audience: ['orders-api'],
      ...more,
    });
    const parts = {
      call: remote.call,
      cache: {get: () => undefined, set: () => undefined},
      now: () => now,
      steady: () => steady,
      random: () => 0.5,
      after: () => () => {},
    };
    const family = withTenants(makeIssuerFamily(settings, parts), namedTenants(settings.tenants));
    const isGranted = (tenant: string): boolean => {
      if (granted === undefined) throw new Unavailable('entitlements', new Error('nothing is loaded yet'));
      return granted.has(tenant);
    };
    const provider = settings.tenants === 'granted' ? withGrantedTenants(family, isGranted) : family;
    providers.push(provider);
    return provider;
  };
  const ask = async (provider: Provider, realm: string, claims: object = {}): Promise<string> => {
    const value = await signer.token({iss: `${server.url}/realms/${realm}`, ...claims});
    const asked = request('/');
    const [place] = provider.places;
    assert.ok(place);
    const credential = provider.accepts({place, value}, asked);
    if (credential === undefined) return `not mine: ${provider.misfit?.({place, value}, request('/')).reason}`;
    const answer = await (async () =>
      provider.authenticate(credential, {
        request: asked,
        now,
        deadline: Number.POSITIVE_INFINITY,
      }))().catch((error) =>
      error instanceof Unavailable ? ({rejected: 'unavailable'} as never) : Promise.reject(error),
    );
    return answer.verified === undefined ? answer.rejected : `${answer.verified.subject} of ${answer.verified.tenant}`;
  };

  it('200 realms, each with its own discovery and keys, each asked once', async () => {
    const provider = make();
    await provider.start?.();
    assert.deepEqual(
      provider.health().map(({state}) => state),
      ['ready'],
    );
    const before = server.asked.length;
    for (const realm of realms) assert.equal(await ask(provider, realm), `u1 of ${realm}`);
    for (const realm of realms) assert.equal(await ask(provider, realm), `u1 of ${realm}`);
    assert.equal(server.asked.length - before, 400);
  });

  it('what only looks like a realm opens no socket', async () => {
    const provider = make();
    const before = server.asked.length;
    for (const realm of ['..', '.', 'r1/../r2', 'r1/', 'r1?x', 'r1%2fx', '', 'r1#', '{realm}'])
      assert.match(await ask(provider, realm), /^not mine/);
    assert.equal(
      await ask(provider, '', {iss: 'http://169.254.169.254/realms/r1'}),
      'not mine: unsupported_credential',
    );
    assert.equal(server.asked.length, before);
  });

  it('a realm that does not exist is asked about once a minute, and counts as soon as it exists', async () => {
    const provider = make();
    const before = server.asked.length;
    for (let at = 0; at < 20; at++) assert.equal(await ask(provider, 'gone'), 'wrong_issuer');
    assert.equal(server.asked.length - before, 1);
    realms.add('gone');
    assert.equal(await ask(provider, 'gone'), 'wrong_issuer');
    steady += 60_000;
    assert.equal(await ask(provider, 'gone'), 'u1 of gone');
  });

  it('a flood of made-up realms: eight questions at a time, and those that are known go on', async () => {
    const provider = make();
    assert.equal(await ask(provider, 'r1'), 'u1 of r1');
    const flood = Array.from({length: 300}, (_, at) => ask(provider, `made-up-${at}`));
    assert.equal(await ask(provider, 'r1'), 'u1 of r1');
    const answers = new Set(await Promise.all(flood));
    assert.deepEqual([...answers].sort(), ['unavailable', 'wrong_issuer']);
    assert.equal(await ask(provider, 'r2'), 'u1 of r2');
  });

  it('an issuer that is away is an outage of its own, and nobody is taken for unknown', async () => {
    const provider = make();
    assert.equal(await ask(provider, 'r1'), 'u1 of r1');
    broken = true;
    assert.equal(await ask(provider, 'r2'), 'unavailable');
    assert.equal(await ask(provider, 'r1'), 'u1 of r1');
    broken = false;
    assert.equal(await ask(provider, 'r2'), 'u1 of r2');
  });

  it('a token of one realm is none of another, though they share a key', async () => {
    const provider = make({claims: {tenant: 'tid'}});
    assert.equal(await ask(provider, 'r1', {tid: 'r1'}), 'u1 of r1');
    assert.equal(await ask(provider, 'r1', {tid: 'r2'}), 'wrong_issuer');
    assert.equal(await ask(provider, 'r1'), 'missing_tenant');
    assert.equal(await ask(provider, 'r1', {tid: 'R1'}), 'wrong_issuer');
  });

  const lists: [string, object, string, string][] = [
    ['listed', {tenants: ['r1']}, 'r1', 'u1 of r1'],
    ['not listed', {tenants: ['r1']}, 'r2', 'not mine: wrong_tenant'],
    ['like the pattern', {tenants: {pattern: 'r1*'}}, 'r17', 'u1 of r17'],
    ['not like the pattern', {tenants: {pattern: 'r1*'}}, 'r2', 'not mine: wrong_tenant'],
    ['one key set for all', {}, 'nobody-knows-me', 'u1 of nobody-knows-me'],
  ];
  for (const [what, settings, realm, answer] of lists) {
    it(`a tenant that is ${what}: ${answer}`, async () => {
      const jwks = what === 'one key set for all' ? {jwksUri: `${server.url}/keys`} : {};
      const provider = make({...settings, ...jwks});
      await provider.start?.();
      const before = server.asked.length;
      assert.equal(await ask(provider, realm), answer);
      if (answer.startsWith('not mine') || 'jwksUri' in jwks) assert.equal(server.asked.length, before);
    });
  }

  describe('tenants: granted', () => {
    const tenants = 'granted';
    for (const [keys, more] of [
      ['keys of each', () => ({})],
      ['keys of all', () => ({jwksUri: `${server.url}/keys`})],
    ] as const) {
      it(`one with a grant is let in, one without is wrong_tenant and asks nobody: ${keys}`, async () => {
        granted = new Set(['r1', 'r2']);
        const provider = make({tenants, ...more()});
        await provider.start?.();
        assert.equal(await ask(provider, 'r1'), 'u1 of r1');
        const before = server.asked.length;
        assert.equal(await ask(provider, 'r3'), 'wrong_tenant');
        assert.equal(await ask(provider, 'R1'), 'wrong_tenant');
        assert.equal(server.asked.length, before);
      });
    }

    it('one that is granted later counts at once, however often it was asked about; one whose grant ends does not', async () => {
      granted = new Set(['r1']);
      const provider = make({tenants});
      for (let at = 0; at < 20; at++) assert.equal(await ask(provider, 'r7'), 'wrong_tenant');
      granted = new Set(['r1', 'r7']);
      assert.equal(await ask(provider, 'r7'), 'u1 of r7');
      granted = new Set(['r1']);
      assert.equal(await ask(provider, 'r7'), 'wrong_tenant');
    });

    it('before the grants are known nobody is refused: it is an outage, and asks no issuer', async () => {
      granted = undefined;
      const provider = make({tenants});
      const before = server.asked.length;
      assert.equal(await ask(provider, 'r1'), 'unavailable');
      assert.equal(server.asked.length, before);
    });

    it('a flood of tenants without a grant opens no socket, and makes nobody wait', async () => {
      granted = new Set(['r1', 'r2']);
      const provider = make({tenants});
      assert.equal(await ask(provider, 'r1'), 'u1 of r1');
      const before = server.asked.length;
      const flood = Array.from({length: 2_000}, (_, at) => ask(provider, `made-up-${at}`));
      assert.equal(await ask(provider, 'r2'), 'u1 of r2');
      assert.deepEqual([...new Set(await Promise.all(flood))], ['wrong_tenant']);
      assert.equal(server.asked.length - before, 2, 'the discovery and keys of the one that is granted');
    });

    it('the claim must say the same as the issuer', async () => {
      granted = new Set(['r1', 'r2']);
      const provider = make({tenants, claims: {tenant: 'tid'}});
      assert.equal(await ask(provider, 'r1', {tid: 'r2'}), 'wrong_issuer');
      assert.equal(await ask(provider, 'r1'), 'missing_tenant');
    });
  });
});
