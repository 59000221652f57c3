// What `postern doctor` finds: issuers, vendors, sources, Redis, clocks and certificates, good and bad, without a trace.
import assert from 'node:assert/strict';
import {connect} from 'node:net';
import {join} from 'node:path';
import {stringify} from 'yaml';
import {loadSettings} from '../../src/config/load.ts';
import {examine} from '../../src/wiring/doctor/examine.ts';
import type {Examined} from '../../src/wiring/doctor/examined.ts';
import {makeAuthority} from '../envoy/certificatesFor.ts';
import {checker, type IntrospectionIssuer, startIntrospectionIssuer} from '../providers/introspectionIssuer.ts';
import {json, startServer} from '../remote/servers.ts';
import {type IdentityProvider, startIdentityProvider} from '../support/identityProvider.ts';
import {temporaryFolder} from '../support/ports.ts';
import {runPostern, writeFiles} from '../support/postern.ts';
import {type Redis, startRedis} from '../support/redis.ts';
import {type Authgear, startAuthgear} from '../support/vendors/authgear.ts';
import {apiKey, clientId, type Frontegg, startFrontegg} from '../support/vendors/frontegg.ts';
import {type Frontier, own, startFrontier} from '../support/vendors/frontier.ts';
import {type Kinde, machine, startKinde} from '../support/vendors/kinde.ts';

const rules = [{name: 'a', match: {path: '/a'}, require: {}}];

/** What is found of settings; by part. */
const examined = async (settings: object, timeout = 5_000): Promise<ReadonlyMap<string, Examined>> => {
  const folder = temporaryFolder();
  writeFiles(folder, {'postern.yaml': stringify({rules, ...settings})});
  const loaded = await loadSettings(join(folder, 'postern.yaml'));
  if (loaded.settings === undefined) assert.fail(JSON.stringify(loaded.errors));
  const found = await examine(loaded, timeout);
  const printed = JSON.stringify(found);
  for (const secret of loaded.secrets) assert.ok(!printed.includes(secret), `${secret} is printed: ${printed}`);
  return new Map(found.map((one) => [one.part, one]));
};

describe('what a configuration leads to', () => {
  let issuer: IdentityProvider;
  let introspection: IntrospectionIssuer;
  let kinde: Kinde;
  let authgear: Authgear;
  let frontegg: Frontegg;
  let frontier: Frontier;
  before(async () => {
    [issuer, introspection, kinde, authgear, frontegg, frontier] = await Promise.all([
      startIdentityProvider({people: {}, audience: 'api'}),
      startIntrospectionIssuer(),
      startKinde(),
      startAuthgear(),
      startFrontegg(),
      startFrontier('connect'),
    ]);
  });
  after(() =>
    Promise.all([
      issuer.stop(),
      introspection.stop(),
      kinde.close(),
      authgear.close(),
      frontegg.stop(),
      frontier.close(),
    ]),
  );
  afterEach(() => {
    for (const {faults} of [kinde, authgear, frontier]) faults.clear();
    frontegg.fault = () => undefined;
    kinde.scoped = true;
  });

  const oidc = (of: object = {}) => ({name: 'p', type: 'oidc', issuer: issuer.issuer, audience: ['api'], ...of});
  const ofKinde = (of: object = {}) => ({
    name: 'p',
    type: 'kinde',
    domain: kinde.domain,
    audience: ['orders-api'],
    apiKeys: {...machine, ...of},
  });
  const account = () => ({baseUrl: frontegg.url, clientId, apiKey});
  const ofFrontegg = (of: object = {}) => ({name: 'p', type: 'frontegg', ...account(), ...of});
  const asking = (of: object = {}) => ({
    name: 'p',
    type: 'introspection',
    endpoint: introspection.endpoint,
    audience: 'any',
    ...checker,
    ...of,
  });
  const authgearWith = (of: object) => ({name: 'p', type: 'authgear', endpoint: authgear.endpoint, ...of});
  const frontierWith = (of: object) => ({name: 'p', type: 'frontier', url: frontier.url, ...own, ...of});

  const providerRows: [
    about: string,
    provider: () => object,
    part: string,
    state: Examined['state'],
    said: RegExp,
    before?: () => void,
  ][] = [
    [
      'keys by discovery, and both names of the issuer',
      () => oidc(),
      'p keys',
      'good',
      /^1 key from the discovery of "http:\S+", whose document names the issuer "http:\S+", as/,
    ],
    [
      'an issuer with a slash too many',
      () => oidc({issuer: `${issuer.issuer}/`}),
      'p keys',
      'bad',
      /names "http:[^"]+\d", and the settings "http:[^"]+\/"; they differ only by the slash/,
    ],
    [
      'an issuer that is not there',
      () => oidc({issuer: `${issuer.issuer}/realms/x`}),
      'p keys',
      'bad',
      /answered with status 404: compare the issuer with the iss of a token; if it publishes no discovery document, set jwksUri$/,
    ],
    [
      'keys at an address',
      () => oidc({jwksUri: `${issuer.issuer}/jwks`}),
      'p keys',
      'good',
      /takes the place of discovery/,
    ],
    [
      'a family of issuers, of which none is named',
      () => oidc({issuer: `${issuer.issuer}/{tenant}`}),
      'p keys',
      'good',
      /^not tried: each tenant/,
    ],
    [
      'a family with a tenant that is not there',
      () => oidc({issuer: `${issuer.issuer}/{tenant}`, tenants: ['t1']}),
      'p keys',
      'bad',
      /there is no issuer "http:\S+\/t1": look at issuer and tenants/,
    ],
    ['introspection', () => asking(), 'p introspection', 'good', /calls a made-up token inactive/],
    [
      'introspection with a wrong secret',
      () => asking({clientSecret: 'canary-wrong'}),
      'p introspection',
      'bad',
      /status 401: it refuses clientId and clientSecret, or wants authentication: post/,
    ],
    ['Kinde', () => ofKinde(), 'p API keys', 'good', /takes clientId and clientSecret/],
    [
      'Kinde with a wrong secret',
      () => ofKinde({clientSecret: 'canary-wrong'}),
      'p API keys',
      'bad',
      /oauth2\/token answered with status 4\d\d: see that clientId and clientSecret are right/,
    ],
    [
      'Kinde without the scope',
      () => ofKinde(),
      'p API keys',
      'bad',
      /lacks the scope read:api_keys/,
      () => {
        kinde.scoped = false;
      },
    ],
    ['Frontegg', () => ofFrontegg(), 'p vendor token', 'good', /takes clientId and apiKey/],
    [
      'Frontegg with a wrong key',
      () => ofFrontegg({apiKey: 'canary-wrong'}),
      'p vendor token',
      'bad',
      /\/auth\/vendor answered with status 401: see that clientId and apiKey are those of one environment, and that baseUrl/,
    ],
    ['the resolver of Authgear', () => authgearWith({mode: 'both'}), 'p resolver', 'good', /knows no session/],
    [
      'a resolver that knows no such host',
      () => authgearWith({mode: 'resolver'}),
      'p resolver',
      'bad',
      /status 404: does Authgear know the host/,
      () => void authgear.faults.set('/_resolver/resolve', {status: 404}),
    ],
    ['Frontier', () => frontierWith({}), 'p keys', 'good', /^1 key/],
    [
      'Frontier with a wrong secret',
      () => frontierWith({clientSecret: 'canary-wrong'}),
      'p keys',
      'bad',
      /refuses clientId and clientSecret/,
    ],
  ];
  for (const [about, provider, part, state, said, prepare] of providerRows) {
    it(about, async () => {
      prepare?.();
      const found = (await examined({providers: [provider()]})).get(part);
      assert.equal(found?.state, state, found?.detail);
      assert.match(found?.detail ?? '', said);
    });
  }

  const sources: [about: string, source: () => object, state: Examined['state'], said: RegExp, before?: () => void][] =
    [
      ['a snapshot of Frontegg', () => ({type: 'frontegg', ...account()}), 'bad', /holds no features and no plans/],
      [
        'entitlements that were not bought',
        () => ({type: 'frontegg', ...account()}),
        'bad',
        /status 403: is Entitlements part of what you have bought/,
        () => {
          frontegg.fault = (path) => (path.includes('entitlements') ? 403 : undefined);
        },
      ],
      [
        'a look-up of Frontier',
        () => ({type: 'frontier', url: frontier.url, ...own}),
        'good',
        /answers about features/,
      ],
      [
        'a service user that may not ask',
        () => ({type: 'frontier', url: frontier.url, ...own, clientSecret: 'canary-wrong'}),
        'bad',
        /the service user of the settings may not ask/,
      ],
      [
        'a source that answers to users alone',
        () => ({type: 'kinde', domain: kinde.domain}),
        'good',
        /not tried: kinde/,
      ],
    ];
  for (const [about, source, state, said, prepare] of sources) {
    it(about, async () => {
      prepare?.();
      const found = await examined({providers: [oidc()], entitlements: {source: source()}});
      const one = [...found.values()].find(({part}) => part.startsWith('entitlements'));
      assert.equal(one?.state, state, one?.detail);
      assert.match(one?.detail ?? '', said);
    });
  }

  it('whoever hangs costs the time-out, and others nothing', async () => {
    const silent = await startServer(() => {});
    try {
      const begun = performance.now();
      const found = await examined({providers: [oidc(), oidc({name: 'mute', issuer: silent.url})]}, 700);
      assert.ok(performance.now() - begun < 4_000);
      assert.equal(found.get('p keys')?.state, 'good');
      assert.equal(found.get('mute keys')?.state, 'bad');
      assert.match(found.get('mute keys')?.detail ?? '', /no answer in 0\.7 s/);
    } finally {
      await silent.close();
    }
  });

  it('the clock of an issuer that is not ours', async () => {
    const late = await startServer((_, response) => {
      response.setHeader('date', new Date(Date.now() - 60_000).toUTCString());
      json(response, {});
    });
    try {
      const found = await examined({providers: [oidc(), oidc({name: 'late', issuer: late.url})]});
      const {host} = new URL(late.url);
      assert.match(found.get(`clock ${host}`)?.detail ?? '', /is (59|60|61) s behind this one: tokens will be refused/);
      assert.equal(found.get(`clock ${host}`)?.state, 'bad');
      assert.equal(found.get(`clock ${new URL(issuer.issuer).host}`)?.state, 'good');
    } finally {
      await late.close();
    }
  });

  it('certificates that end soon', async () => {
    const folder = temporaryFolder();
    const ca = makeAuthority(folder, 'ca');
    const found = await examined({providers: [oidc()], remote: {ca}});
    assert.match(found.get('remote.ca certificate')?.detail ?? '', /expires on \d{4}-\d\d-\d\d, in 1 days: renew it/);
    assert.equal(found.get('remote.ca certificate')?.state, 'doubtful');
  });

  it('a short admin token', async () => {
    const found = await examined({providers: [oidc()], admin: {token: 'canary-of-20-letters'}});
    assert.equal(found.get('admin token')?.state, 'doubtful');
  });

  it('says it in lines and as JSON, and ends with 1 for what is bad alone', async () => {
    const folder = temporaryFolder();
    const settings = {rules, admin: {token: 'canary-of-20-letters'}, providers: [oidc()]};
    writeFiles(folder, {
      'good.yaml': settings,
      'bad.yaml': {...settings, providers: [oidc({issuer: `${issuer.issuer}/`})]},
    });
    const run = (name: string, ...words: string[]) => runPostern([...words, '-c', join(folder, name)]);
    const [good, strict, bad] = await Promise.all([
      run('good.yaml', 'doctor'),
      run('good.yaml', 'validate', '--online', '--strict'),
      run('bad.yaml', 'doctor', '--json'),
    ]);
    assert.equal(good.code, 0, good.output);
    assert.match(good.output, /^✓ good {6}p keys: 1 key/m);
    assert.match(good.output, /^! doubtful {2}admin token: /m);
    assert.equal(strict.code, 1, strict.output);
    assert.equal(bad.code, 1);
    const {good: isGood, online} = JSON.parse(bad.output.slice(0, bad.output.lastIndexOf('}') + 1));
    assert.equal(isGood, false);
    assert.equal(online.find(({part}: Examined) => part === 'p keys').state, 'bad');
  });

  describe('Redis', () => {
    let redis: Redis;
    before(async () => {
      redis = await startRedis();
      await says('ACL SETUSER few on >canary-few ~postern:* -@all +@connection +info +get +set +del');
    });
    after(() => redis.stop());
    const withRedis = async (of: object, timeout?: number) => examined({providers: [oidc()], redis: of}, timeout);
    /** One inline command (the Redis protocol), and the whole of a short answer. */
    const says = (command: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect(redis.port, '127.0.0.1', () => socket.write(`${command}\r\n`));
        socket.once('data', (answer) => {
          socket.destroy();
          resolve(String(answer).trim());
        });
        socket.once('error', reject);
      });

    it('is good, and nothing is left in it', async () => {
      const found = await withRedis({url: redis.url});
      for (const what of ['write and read', 'commands', 'memory', 'clock']) {
        assert.equal(found.get(`redis ${what}`)?.state, 'good', found.get(`redis ${what}`)?.detail);
      }
      assert.equal(await says('KEYS *'), '*0');
    });
    it('has an ACL that lets too little', async () => {
      const found = await withRedis({url: redis.url, username: 'few', password: 'canary-few'});
      assert.equal(found.get('redis write and read')?.state, 'good');
      assert.match(
        found.get('redis commands')?.detail ?? '',
        /refuses this user incr, pexpire, getrange, eval, zadd, .*: ACL SETUSER \.\.\. \+incr \+pexpire/,
      );
    });
    it('refuses the password: told once', async () => {
      const found = await withRedis({url: redis.url, username: 'few', password: 'canary-wrong'}, 2_000);
      const bad = [...found.values()].filter(({part}) => part.startsWith('redis'));
      assert.equal(bad.length, 1, JSON.stringify(bad));
      assert.match(bad[0]?.detail ?? '', /refuses the user name or password/);
    });
    it('evicts', async () => {
      await says('CONFIG SET maxmemory-policy allkeys-lru');
      assert.equal((await withRedis({url: redis.url})).get('redis memory')?.state, 'good');
      await says('CONFIG SET maxmemory 100mb');
      const found = (await withRedis({url: redis.url})).get('redis memory');
      assert.equal(found?.state, 'doubtful');
      assert.match(found?.detail ?? '', /evicts \(allkeys-lru\), and revocations may be lost: set maxmemory-policy/);
    });
    it('hangs', async () => {
      redis.pause();
      try {
        const found = await withRedis({url: redis.url}, 1_500);
        const bad = [...found.values()].filter(({part}) => part.startsWith('redis'));
        assert.ok(bad.length >= 1 && bad.every(({state}) => state === 'bad'), JSON.stringify(bad));
      } finally {
        redis.resume();
      }
    });
  });
});
