// Frontier through the whole program: over gRPC as Envoy asks, and behind a real Envoy.
import assert from 'node:assert/strict';
import {randomBytes, randomUUID} from 'node:crypto';
import {Redis as IoRedis} from 'ioredis';
import {until} from '../store/rig.ts';
import {type CheckClient, checkRequestOf, makeCheckClient} from '../support/checkClient.ts';
import {type Echo, type Echoed, startEcho, valuesOf} from '../support/echo.ts';
import {type Envoy, startEnvoy} from '../support/envoy.ts';
import {send} from '../support/http.ts';
import {type Postern, startPostern} from '../support/postern.ts';
import {startRedis} from '../support/redis.ts';
import {cookieKeys, type Frontier, own, paths, type Subject, startFrontier} from '../support/vendors/frontier.ts';

const ada: Subject = {id: randomUUID(), type: 'app/user', organizations: ['org-1'], email: 'ada@acme.example'};
const bob: Subject = {id: randomUUID(), type: 'app/user', organizations: ['org-2']};
const robot: Subject = {id: randomUUID(), type: 'app/serviceuser', organizations: ['org-1']};
const secret = 'cred-1:canary-secret';
const basic = `Basic ${Buffer.from(secret).toString('base64')}`;

const settingsFor = (frontier: Frontier, api: 'connect' | 'rest') => ({
  providers: [
    {
      name: 'fr',
      type: 'frontier',
      url: frontier.url,
      api,
      session: cookieKeys,
      ...(api === 'connect' && own),
      ttl: {session: '200ms', refused: '100ms', relation: '200ms'},
    },
  ],
  entitlements: {
    source: {type: 'frontier', url: frontier.url, api, ...own},
    cache: {fresh: '200ms', stale: '1s', negative: '100ms'},
  },
  rules: [
    {name: 'robots', match: {path: '/robots'}, require: {kind: 'service'}},
    {
      name: 'projects',
      match: {path: '/projects/{project}'},
      require: {relation: {provider: 'fr', permission: 'get', resource: 'app/project:{project}'}},
    },
    {
      name: 'typo',
      match: {path: '/typo'},
      require: {relation: {provider: 'fr', permission: 'gett', resource: 'app/project:p1'}},
    },
    {name: 'reports', match: {path: '/orgs/{org}/reports'}, require: {tenant: '{org}', features: ['reports']}},
    {name: 'own', match: {path: '/orgs/{org}/**'}, require: {tenant: '{org}'}},
    {name: 'any', match: {path: '/any'}, require: {}},
    {name: 'open', match: {path: '/open'}, public: 'identify'},
  ],
  responses: {
    format: 'frontier',
    removeCredential: true,
    identity: {'x-auth-subject': 'subject', 'x-auth-tenant': 'tenant', 'x-auth-project': 'claims.project_id'},
  },
  log: {decisions: 'all'},
});

type Headers = readonly (readonly [string, string])[];

for (const api of ['connect', 'rest'] as const) {
  describe(`the program with Frontier, ${api}`, () => {
    let frontier: Frontier;
    let postern: Postern;
    let client: CheckClient;
    const session = randomUUID();
    const personal = `fpt_${randomBytes(32).toString('base64url')}`;

    before(async () => {
      frontier = await startFrontier(api);
      frontier.sessions.set(session, ada);
      frontier.secrets.set(secret, robot);
      frontier.personalTokens.set(personal, {...ada, id: randomUUID(), type: 'app/pat', owner: ada.id});
      frontier.projects.set('website', 'p1');
      postern = await startPostern(settingsFor(frontier, api));
      client = makeCheckClient(postern.address);
    });
    after(async () => {
      client?.close();
      await postern?.stop();
      await frontier?.close();
    });

    const ask = async (
      path: string,
      headers: Headers,
    ): Promise<{status: string; told: Map<string, string>; body: string}> => {
      const {status, okResponse, deniedResponse, errorResponse} = await client.check(checkRequestOf({path, headers}));
      const refused = deniedResponse ?? errorResponse;
      return {
        status: status?.code === 0 ? 'OK' : `${refused?.status?.code}`,
        told: new Map((okResponse?.headers ?? []).map(({header}) => [header.key, header.value])),
        body: refused?.body ?? '',
      };
    };
    const bearer = async (subject: Subject, claims?: object): Promise<Headers> => [
      ['authorization', `Bearer ${await frontier.token(subject, claims)}`],
    ];
    const cookie = (): Headers => [['cookie', `sid=${frontier.cookie(session)}`]];

    it('tells the service who it is, whatever the credential', async () => {
      const rows: readonly [Headers, string | undefined][] = [
        [await bearer(ada), ada.id],
        [[['x-user-token', await frontier.token(bob)]], bob.id],
        [cookie(), ada.id],
        [[['authorization', basic]], robot.id],
        [[['authorization', `Bearer ${personal}`]], frontier.personalTokens.get(personal)?.id],
      ];
      for (const [headers, subject] of rows) {
        const {status, told} = await ask('/any', headers);
        assert.deepEqual([status, told.get('x-auth-subject')], ['OK', subject]);
      }
      const inProject = await ask('/any', [...cookie(), ['x-project', 'website']]);
      assert.equal(inProject.told.get('x-auth-project'), 'p1');
    });

    it("refuses in Frontier's words", async () => {
      const unauthenticated = '{"code":"unauthenticated","message":"not authenticated"}';
      const denied = '{"code":"permission_denied","message":"not authorized"}';
      const rows: readonly [path: string, Headers, status: string, body: string][] = [
        ['/any', [], 'Unauthorized', unauthenticated],
        ['/any', await bearer(ada, {exp: 1}), 'Unauthorized', unauthenticated],
        ['/any', [['cookie', `sid=${frontier.cookie(randomUUID())}`]], 'Unauthorized', unauthenticated],
        [
          '/any',
          [['authorization', `Basic ${Buffer.from('cred-1:wrong').toString('base64')}`]],
          'Unauthorized',
          unauthenticated,
        ],
        ['/robots', cookie(), 'Forbidden', denied],
        ['/orgs/org-2/x', cookie(), 'Forbidden', denied],
        ['/projects/p9', cookie(), 'Forbidden', denied],
        ['/typo', cookie(), 'Forbidden', denied],
        ['/nowhere', cookie(), 'Forbidden', denied],
      ];
      for (const [path, headers, status, body] of rows) {
        const answer = await ask(path, headers);
        assert.deepEqual([path, answer.status, answer.body], [path, status, body]);
      }
      await until('the unknown permission is told', () => /gett/.test(postern.logs()));
    });

    it('a relation that is granted and taken away again', async () => {
      assert.equal((await ask('/projects/p1', cookie())).status, 'Forbidden');
      frontier.relations.add(`${ada.id} get app/project:p1`);
      await eventually(async () => (await ask('/projects/p1', cookie())).status === 'OK');
      frontier.relations.clear();
      await eventually(async () => (await ask('/projects/p1', cookie())).status === 'Forbidden');
    });

    it('a feature that is bought and given back', async () => {
      assert.equal((await ask('/orgs/org-1/reports', cookie())).status, 'Forbidden');
      frontier.features.add('org-1 reports');
      await eventually(async () => (await ask('/orgs/org-1/reports', cookie())).status === 'OK');
      assert.equal((await ask('/orgs/org-1/reports', await bearer(bob))).status, 'Forbidden');
      frontier.features.clear();
      await eventually(async () => (await ask('/orgs/org-1/reports', cookie())).status === 'Forbidden');
    });

    it('a session that is ended', async () => {
      const short = randomUUID();
      frontier.sessions.set(short, bob);
      const headers: Headers = [['cookie', `sid=${frontier.cookie(short)}`]];
      assert.equal((await ask('/any', headers)).status, 'OK');
      frontier.sessions.delete(short);
      await eventually(async () => (await ask('/any', headers)).status === 'Unauthorized');
    });

    it('where everyone may come in, a session that is over or a strange sid is refused, not anonymous', async () => {
      const rows: readonly [Headers, status: string, subject: string | undefined][] = [
        [[], 'OK', undefined],
        [cookie(), 'OK', ada.id],
        [[['cookie', `sid=${frontier.cookie(randomUUID())}`]], 'Unauthorized', undefined],
        [[['cookie', 'sid=s%3Aabc']], 'Unauthorized', undefined],
      ];
      for (const [headers, status, subject] of rows) {
        const answer = await ask('/open', headers);
        assert.deepEqual([answer.status, answer.told.get('x-auth-subject')], [status, subject]);
      }
    });

    it('an outage is an error, and ends', async () => {
      const fresh = randomUUID();
      frontier.sessions.set(fresh, bob);
      const headers: Headers = [['cookie', `sid=${frontier.cookie(fresh)}`]];
      frontier.faults.set(paths[api].token, {status: 500});
      const {status, body} = await ask('/any', headers);
      assert.equal(status, 'ServiceUnavailable');
      assert.match(body, /^\{"code":"unavailable",/);
      assert.equal((await ask('/any', await bearer(ada))).status, 'OK', 'tokens are verified here');
      frontier.faults.clear();
      await eventually(async () => (await ask('/any', headers)).status === 'OK');
    });

    it('no secret is in its log', () => {
      for (const canary of ['canary', 'fpt_', 'eyJ', session]) assert.ok(!postern.logs().includes(canary), canary);
    });
  });
}

describe('Frontier and two instances with one Redis', () => {
  it('what one has asked the other knows, and Redis holds nothing that lets anyone in', async () => {
    const ends: (() => Promise<unknown>)[] = [];
    try {
      const frontier = await startFrontier('connect');
      ends.push(frontier.close);
      const session = randomUUID();
      frontier.sessions.set(session, ada);
      frontier.secrets.set(secret, robot);
      frontier.features.add('org-1 reports');
      frontier.relations.add(`${ada.id} get app/project:p1`);
      const redis = await startRedis();
      ends.push(redis.stop);
      const {providers, entitlements, ...settings} = settingsFor(frontier, 'connect');
      const lasting = {
        ...settings,
        providers: providers.map((provider) => ({...provider, ttl: {session: '10m', relation: '10m'}})),
        entitlements: {...entitlements, cache: {fresh: '10m', stale: '20m'}},
        redis: {url: redis.url},
      };
      const rows: readonly [string, Headers][] = [
        ['/any', [['authorization', basic]]],
        ['/projects/p1', [['cookie', `sid=${frontier.cookie(session)}`]]],
        ['/orgs/org-1/reports', [['cookie', `sid=${frontier.cookie(session)}`]]],
      ];
      for (const expected of [
        {token: 3, check: 1, feature: 1},
        {token: 3, check: 1, feature: 1},
      ]) {
        const postern = await startPostern(lasting);
        ends.push(postern.stop);
        const client = makeCheckClient(postern.address);
        ends.push(async () => client.close());
        for (const [path, headers] of rows) {
          const {status} = await client.check(checkRequestOf({path, headers}));
          assert.equal(status?.code, 0, path);
        }
        assert.deepEqual(countsOf(frontier), expected);
      }

      const client = new IoRedis(redis.url);
      const everything: string[] = [];
      for (const key of await client.keys('*')) everything.push(key, String(await client.get(key).catch(() => '')));
      client.disconnect();
      assert.ok(everything.length >= 8);
      const dump = everything.join('\n');
      for (const canary of ['.eyJ', 'eyJhbGciOi', session, 'canary', basic.slice(6)])
        assert.ok(!dump.includes(canary), canary);
    } finally {
      for (const end of ends.reverse()) await end();
    }
  });

  const countsOf = (frontier: Frontier) => ({
    token: frontier.count('token'),
    check: frontier.count('check'),
    feature: frontier.count('feature'),
  });
});

describe('Frontier behind Envoy', () => {
  let frontier: Frontier;
  let postern: Postern;
  let echo: Echo;
  let envoy: Envoy;
  const session = randomUUID();

  before(async () => {
    frontier = await startFrontier('connect');
    frontier.sessions.set(session, ada);
    frontier.relations.add(`${ada.id} get app/project:p1`);
    const settings = settingsFor(frontier, 'connect');
    postern = await startPostern({...settings, responses: {...settings.responses, status: {unknown_subject: 404}}});
    echo = await startEcho();
    envoy = await startEnvoy({checkAddress: postern.address, upstream: echo});
  });
  after(async () => {
    await envoy?.stop();
    await echo?.stop();
    await postern?.stop();
    await frontier?.close();
  });
  const ask = (path: string, headers: Headers) => send({port: envoy.port, path, headers});
  const sid = () => `sid=${frontier.cookie(session)}`;

  it('a live session beats a bearer, and the cookie is taken out', async () => {
    const answer = await ask('/projects/p1', [
      ['cookie', `theme=dark; ${sid()}`],
      ['authorization', `Bearer ${await frontier.token(bob)}`],
    ]);
    assert.equal(answer.status, 200, answer.body);
    const echoed: Echoed = answer.json();
    assert.deepEqual(valuesOf(echoed, 'x-auth-subject'), [ada.id]);
    assert.deepEqual(valuesOf(echoed, 'cookie'), ['theme=dark']);
  });

  it('a session that is over falls through to the bearer, which is then what is taken out', async () => {
    const answer = await ask('/any', [
      ['cookie', `sid=${frontier.cookie(randomUUID())}`],
      ['authorization', `Bearer ${await frontier.token(bob)}`],
    ]);
    assert.equal(answer.status, 200, answer.body);
    const echoed: Echoed = answer.json();
    assert.deepEqual(valuesOf(echoed, 'x-auth-subject'), [bob.id]);
    assert.deepEqual(valuesOf(echoed, 'authorization'), []);
  });

  it("401, 403 and 404 in Frontier's words", async () => {
    const off = randomUUID();
    frontier.sessions.set(off, {...bob, disabled: true});
    const gone = randomUUID();
    frontier.sessions.set(gone, {...bob, deleted: true});
    const rows: readonly [path: string, Headers, status: number, body: object][] = [
      ['/any', [], 401, {code: 'unauthenticated', message: 'not authenticated'}],
      ['/projects/p2', [['cookie', sid()]], 403, {code: 'permission_denied', message: 'not authorized'}],
      ['/any', [['authorization', 'Bearer fpt_unknown']], 401, {code: 'unauthenticated', message: 'not authenticated'}],
      ['/any', [['authorization', basic]], 401, {code: 'unauthenticated', message: 'not authenticated'}],
      ['/any', [['cookie', `sid=${frontier.cookie(off)}`]], 404, {code: 'not_found', message: "user doesn't exist"}],
      ['/any', [['cookie', `sid=${frontier.cookie(gone)}`]], 404, {code: 'not_found', message: "user doesn't exist"}],
    ];
    for (const [path, headers, status, body] of rows) {
      const answer = await ask(path, headers);
      assert.deepEqual([answer.status, answer.json()], [status, body]);
    }
  });
});

/** Until it holds; 5 s at most. */
const eventually = async (holds: () => Promise<boolean>): Promise<void> => {
  const last = Date.now() + 5_000;
  while (!(await holds())) {
    assert.ok(Date.now() < last, 'it did not come to be in 5 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};
