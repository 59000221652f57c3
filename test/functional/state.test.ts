// The last good things on disk: the program starts again while everything that it asks is gone.
import assert from 'node:assert/strict';
import {chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {stringify} from 'yaml';
import {json, startServer} from '../remote/servers.ts';
import {endingAfterEach, until} from '../store/rig.ts';
import {checkRequestOf, makeCheckClient} from '../support/checkClient.ts';
import {type IdentityProvider, startIdentityProvider} from '../support/identityProvider.ts';
import {freePort, temporaryFolder} from '../support/ports.ts';
import {type PosternOptions, runPostern, startPostern} from '../support/postern.ts';
import {startRedis} from '../support/redis.ts';
import {acme, people} from '../support/stage.ts';

const adminToken = 'a-token-of-tests';
const sealKey = 'a seal key of tests, 32 characters';
const rules = [
  {name: 'orders', match: {path: '/orders'}, require: {features: ['orders']}},
  {name: 'beta', match: {path: '/beta'}, require: {features: ['beta']}},
  {name: 'rest', match: {path: '/**'}, require: {}},
];
const features = {orders: {}, beta: {}};
const plans = {pro: {features: ['orders']}, early: {features: ['beta']}};
const sold = {features, plans, grants: [{plan: 'pro', tenant: 'acme'}]};

interface Part {
  readonly part: string;
  readonly state: string;
  readonly detail?: string;
}

/** A wall clock that is so many milliseconds off. */
const clockOff = (milliseconds: number) => ({
  NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(`const n=Date.now;Date.now=()=>n()+(${milliseconds})`)}`,
});

describe('the state directory', function () {
  this.timeout(180_000);
  const kept = endingAfterEach();
  let issuer: IdentityProvider;
  beforeEach(async () => {
    issuer = kept(await startIdentityProvider({people, audience: 'orders-api'}));
  });

  /** A configuration in a folder of its own, which can be started again and again. */
  const installation = async (settings: Record<string, unknown> = {}, state: Record<string, unknown> = {}) => {
    const folder = temporaryFolder();
    const at = join(folder, 'postern.yaml');
    const dir = join(folder, 'state');
    const began = Math.floor(Date.now() / 1_000) - 60;
    const configuration = {
      server: {listen: `127.0.0.1:${await freePort()}`},
      admin: {listen: `127.0.0.1:${await freePort()}`, token: adminToken},
      providers: [acme(issuer.issuer)],
      rules: 'entitlements' in settings ? rules : rules.slice(-1),
      revocation: {lostAfter: '1s'},
      ...settings,
      state: {dir: 'state', sealKey, ...state},
    };
    const write = (changes: Record<string, unknown> = {}) =>
      writeFileSync(at, stringify({...configuration, ...changes}));
    write();
    const start = async (options: PosternOptions = {}, changes: Record<string, unknown> = {}) => {
      const running = {...configuration, ...changes};
      const postern = kept(await startPostern(running, {at, unready: true, ...options}));
      const client = kept(makeCheckClient(postern.address));
      const ask = async (path: string, sub = 'alice'): Promise<string> => {
        // Of before any revocation: whoever signs in afterwards is let in again.
        const token = await issuer.sign({sub, org_id: 'acme', iat: began});
        const answer = await client.check(checkRequestOf({path, headers: [['authorization', `Bearer ${token}`]]}));
        if (answer.okResponse !== undefined) return 'allow';
        return JSON.parse((answer.deniedResponse ?? answer.errorResponse)?.body ?? '{}').code;
      };
      const revoke = async (body: object) => {
        const headers = {authorization: `Bearer ${adminToken}`};
        const answer = await fetch(`${postern.adminUrl}/revocations`, {
          method: 'POST',
          headers,
          body: JSON.stringify(body),
        });
        return answer.status;
      };
      const ready = async () =>
        (await (await fetch(`${postern.adminUrl}/readyz`)).json()) as {status: string; parts: readonly Part[]};
      const isReady = () => until('it is ready', async () => (await ready()).status !== 'unready', 30_000);
      const detailOf = async (part: string) => (await ready()).parts.find((one) => one.part === part)?.detail ?? '';
      const answers = async () => [
        await ask('/orders'),
        await ask('/beta'),
        await ask('/x', 'thief'),
        await ask('/x', 'bob'),
      ];
      const kill = async () => {
        postern.process.signal('SIGKILL');
        await postern.process.ended;
      };
      return {postern, ask, revoke, ready, isReady, detailOf, answers, kill};
    };
    const file = (name: string) => readdirSync(dir).filter((one) => one.startsWith(name));
    const stands = (name: string) =>
      until(`${name} is written`, () => existsSync(dir) && file(name).length > 0, 20_000);
    return {folder, dir, at, start, write, file, stands};
  };
  const everything = ['allow', 'missing_feature', 'revoked', 'allow'];

  it('with Redis, source and issuer dead a start decides as before, and says so everywhere', async () => {
    const redis = kept(await startRedis());
    const source = kept(await startServer((_, response) => json(response, sold)));
    const entitlements = {source: {type: 'http', url: source.url}};
    const {start, stands, file, dir} = await installation({redis: {url: redis.url, prefix: 'p:'}, entitlements});
    const first = await start({unready: false});
    assert.equal(await first.revoke({subject: 'thief'}), 200);
    assert.deepEqual(await first.answers(), everything);
    for (const name of ['entitlements.', 'keys-acme.', 'revocations-']) await stands(name);
    await first.kill();
    await Promise.all([redis.kill(), source.close(), issuer.stop()]);

    const second = await start();
    // Nobody is let in before the time that revocations have to be read in is over.
    await second.isReady();
    assert.deepEqual(await second.answers(), everything);
    assert.match(
      await second.detailOf('entitlements'),
      /serving those of \d+ s ago, from .*state\/entitlements\.postern/,
    );
    assert.match(
      await second.detailOf('keys acme'),
      /Those that .*state\/keys-acme\.postern has kept since 20.*Z are in use/,
    );
    assert.match(await second.detailOf('revocation feed'), /those on disk, \d+ s old, count; newer ones are not seen/);
    const {metric, logs} = second.postern;
    assert.equal(await metric('postern_state_in_use{kept="entitlements"}'), 1);
    assert.equal(await metric('postern_state_in_use{kept="keys acme"}'), 1);
    assert.equal(await metric('postern_state_reads_total{kept="revocations",result="used"}'), 1);
    for (const name of ['entitlements', 'keys acme', 'revocations'])
      assert.ok(((await metric(`postern_state_age_seconds{kept="${name}"}`)) ?? 0) > 0, name);
    const feedLag = (await metric('postern_revocation_feed_lag_seconds')) ?? 0;
    assert.ok(feedLag > 1, String(feedLag));
    assert.match(logs(), /entitlements: serving 1 grants as they were \d+ s ago, from /);
    assert.match(logs(), /state: keys acme: those of 20\d\d-.*, \d+ s old, were read from/);
    assert.match(logs(), /state: 1 revocations that only the disk knew/);

    // Nothing of a user's credential stands there, and nobody else may read it.
    for (const name of file('')) {
      assert.equal(statSync(join(dir, name)).mode & 0o777, 0o600);
      assert.doesNotMatch(readFileSync(join(dir, name), 'utf8'), /eyJ[A-Za-z0-9_-]{20,}\.|"d":|seal key of tests/);
    }
    // Revoked once more, while all is dead: known to the next.
    assert.equal(await second.revoke({subject: 'bob'}), 202);
    await second.kill();
    const third = await start();
    await third.isReady();
    assert.deepEqual(await third.answers(), ['allow', 'missing_feature', 'revoked', 'revoked']);
  });

  it('what is back counts at once, and what is on disk is of no use any more', async () => {
    let now: object = sold;
    const source = kept(await startServer((_, response) => json(response, now)));
    const {start, stands} = await installation({
      entitlements: {source: {type: 'http', url: source.url}, cache: {fresh: '1s'}},
    });
    const first = await start({unready: false});
    await stands('entitlements.');
    await first.kill();
    now = {...sold, grants: [{plan: 'early', tenant: 'acme'}]};
    const second = await start({unready: false});
    assert.deepEqual([await second.ask('/orders'), await second.ask('/beta')], ['missing_feature', 'allow']);
    assert.equal(await second.postern.metric('postern_state_in_use{kept="entitlements"}'), 0);
  });

  it('entitlements in Redis: those of the load, and each tenant that changed since', async () => {
    const redis = kept(await startRedis());
    const {start, at, folder, stands, dir} = await installation({
      redis: {url: redis.url},
      entitlements: {source: {type: 'redis'}},
    });
    const load = async (document: object) => {
      const file = join(folder, 'entitlements.json');
      writeFileSync(file, JSON.stringify(document));
      const {code, output} = await runPostern(['entitlements', 'load', file, '-c', at]);
      assert.equal(code, 0, output);
    };
    await load({
      ...sold,
      grants: [
        {plan: 'pro', tenant: 'acme'},
        {plan: 'early', tenant: 'other'},
      ],
    });
    const first = await start({unready: false});
    await stands('entitlements.');
    const {code, output} = await runPostern(['entitlements', 'grant', '--plan', 'early', '--tenant', 'acme', '-c', at]);
    assert.equal(code, 0, output);
    await until('it is seen', async () => (await first.ask('/beta')) === 'allow');
    const since = join(dir, 'entitlements-since.postern');
    await until('it is on disk', () => existsSync(since) && readFileSync(since, 'utf8').includes('early'), 20_000);
    await first.kill();
    await redis.kill();
    const second = await start();
    await second.isReady();
    assert.deepEqual([await second.ask('/orders'), await second.ask('/beta')], ['allow', 'allow']);
  });

  it('what is older than stale is not served, by the age that it carries; a clock that went back helps nothing', async () => {
    const source = kept(await startServer((_, response) => json(response, sold)));
    const {start, stands} = await installation(
      {entitlements: {source: {type: 'http', url: source.url}, cache: {fresh: '1s', stale: '6s'}}},
      {stale: '6s'},
    );
    const first = await start({unready: false});
    await stands('entitlements.');
    await stands('keys-acme.');
    await first.kill();
    await Promise.all([source.close(), issuer.stop()]);
    const second = await start();
    await second.isReady();
    assert.equal(await second.ask('/orders'), 'allow');
    await until('it is too old', async () => (await second.ask('/orders')) === 'unavailable', 15_000);
    await second.kill();
    for (const off of [0, -5_000, -3_600_000]) {
      const late = await start({env: clockOff(off)});
      await until('it was ignored', () => /entitlements.* is ignored.*too old/.test(late.postern.logs()));
      assert.match(late.postern.logs(), /keys-acme\.postern is ignored.*\d+ s old, and more than 6 s is too old/);
      assert.equal(await late.ask('/orders'), 'unavailable');
      await late.kill();
    }
  });

  it('nothing that is wrong with a file ends the program or lets anybody in', async () => {
    const source = kept(await startServer((_, response) => json(response, sold)));
    const {start, stands, dir, file, write} = await installation({
      entitlements: {source: {type: 'http', url: source.url}},
    });
    const first = await start({unready: false});
    await first.revoke({subject: 'thief'});
    await stands('entitlements.');
    await stands('keys-acme.');
    await first.kill();
    await Promise.all([source.close(), issuer.stop()]);
    const good = new Map(file('').map((name) => [name, readFileSync(join(dir, name))]));
    const change = (to: (bytes: Buffer) => Buffer | string) => {
      for (const [name, bytes] of good) writeFileSync(join(dir, name), to(bytes), {mode: 0o600});
    };
    const flipped = (bytes: Buffer) => {
      const changed = Buffer.from(bytes);
      changed[bytes.length >> 1] = (changed[bytes.length >> 1] as number) ^ 1;
      return changed;
    };
    const tries: [string, (bytes: Buffer) => Buffer | string, RegExp, Record<string, unknown>?][] = [
      ['changed', flipped, /its seal does not hold/],
      ['cut', (bytes) => bytes.subarray(0, bytes.length - 3), /its seal does not hold|cut off/],
      ['newer', (bytes) => bytes.toString().replace('postern-state 1', 'postern-state 9'), /a newer version/],
      ['rubbish', () => Buffer.alloc(5_000, 0xff), /is ignored/],
      ['another key', (bytes) => bytes, /its seal does not hold/, {state: {dir: 'state', sealKey: `${sealKey}!`}}],
      [
        'another source and issuer',
        (bytes) => bytes,
        /it was kept for source http, url .*, and the settings say source http, url .*\/other/,
        {
          entitlements: {source: {type: 'http', url: `${source.url}/other`}},
          providers: [{...acme(issuer.issuer), jwksUri: `${issuer.issuer}/other`}],
        },
      ],
      [
        'another Redis',
        (bytes) => bytes,
        /it was kept for no Redis, and the settings say Redis 127\.0\.0\.1:1\/0 prefix x:/,
        {redis: {url: 'redis://127.0.0.1:1', prefix: 'x:'}, state: {dir: 'state', sealKey, stale: '1ms'}},
      ],
    ];
    for (const [what, to, why, changes = {}] of tries) {
      change(to);
      write(changes);
      const tried = await start({}, changes);
      await until(`${what} is told`, () => why.test(tried.postern.logs()), 15_000);
      for (const path of ['/orders', '/beta', '/x'])
        assert.equal(await tried.ask(path), 'unavailable', `${what} ${path}`);
      await tried.kill();
    }
  });

  it('without a key it works, warns, and still sees damage; with one of Redis it takes that, and its changes', async () => {
    const [old, next] = ['a key of Redis, of before', 'a key of Redis, of after'];
    const redis = (sealKey: unknown) => ({redis: {url: 'redis://127.0.0.1:1', sealKey}});
    for (const [given, changed] of [
      [{}, {}],
      [redis(old), redis([next, old])],
    ] as const) {
      const source = kept(await startServer((_, response) => json(response, sold)));
      const settings = {entitlements: {source: {type: 'http', url: source.url}}, ...given};
      const {start, stands, write, dir} = await installation(settings, {sealKey: undefined});
      const first = await start();
      await stands('entitlements.');
      await until('it answers', () => first.postern.logs().includes('Postern answers'), 30_000);
      const warned = /state: has no sealKey.*can grant anything/.test(first.postern.logs());
      assert.equal(warned, !('redis' in given), first.postern.logs());
      write(changed);
      if ('redis' in given)
        await until('it is in force', () => first.postern.logs().includes('the configuration was loaded anew'));
      assert.doesNotMatch(first.postern.logs(), /restartFor/);
      await first.kill();
      await source.close();

      const second = await start({}, changed);
      await until('it decides', async () => (await second.ask('/orders')) === 'allow', 20_000);
      await second.kill();
      const path = join(dir, 'entitlements.postern');
      writeFileSync(path, readFileSync(path, 'utf8').replace('"acme"', '"tiny"'));
      const third = await start({}, changed);
      await until('it is told', () => /its seal does not hold/.test(third.postern.logs()), 20_000);
      assert.equal(await third.ask('/orders'), 'unavailable');
      await third.kill();
    }
  });

  it('without Redis a revocation that was acknowledged is known after kill -9, however soon', async () => {
    const {start, file} = await installation();
    for (let round = 0; round < 20; round++) {
      const {isReady, revoke, ask, kill} = await start();
      await isReady();
      for (let before = 0; before < round; before++)
        assert.equal(await ask('/x', `thief-${before}`), 'revoked', `${round}`);
      assert.equal(await ask('/x', `thief-${round}`), 'allow');
      assert.equal(await revoke({subject: `thief-${round}`}), 200);
      await kill();
    }
    assert.ok(file('').length < 30, file('').join(' '));
  });

  it('killed while it writes, again and again, there is always one that is whole', async () => {
    let version = 0;
    const grants = Array.from({length: 20_000}, (_, at) => ({plan: 'pro', tenant: `t${at}`}));
    const source = kept(
      await startServer((_, response) =>
        json(response, {...sold, grants: [...sold.grants, ...grants, {plan: 'pro', tenant: `v${version++}`}]}),
      ),
    );
    const {start, stands, file} = await installation({
      entitlements: {source: {type: 'http', url: source.url}, cache: {fresh: '100ms', stale: '10m'}},
    });
    const first = await start({unready: false});
    await stands('entitlements.');
    await stands('keys-acme.');
    await first.kill();
    for (let round = 0; round < 20; round++) {
      const {postern, kill, isReady} = await start();
      await isReady();
      await sleep(20 * round);
      assert.doesNotMatch(postern.logs(), /is ignored/);
      await kill();
    }
    await Promise.all([source.close(), issuer.stop()]);
    const last = await start();
    await last.isReady();
    assert.equal(await last.ask('/orders'), 'allow');
    assert.ok(file('').length < 80, file('').join(' '));
  });

  it('a disk that takes nothing is a line and a metric, and decisions go on', async () => {
    const source = kept(await startServer((_, response) => json(response, sold)));
    const {start, dir} = await installation({entitlements: {source: {type: 'http', url: source.url}}});
    // A file in the place of the folder: also root cannot write there.
    writeFileSync(dir, '');
    const broken = await start({unready: false});
    assert.deepEqual([await broken.ask('/orders'), await broken.ask('/beta')], ['allow', 'missing_feature']);
    assert.equal(await broken.revoke({subject: 'thief'}), 200);
    assert.equal(await broken.ask('/x', 'thief'), 'revoked');
    await until('it is told', async () => (await broken.detailOf('state')) !== '');
    assert.match(
      await broken.detailOf('state'),
      /cannot be written to .*state: .*folder \((ENOTDIR|EEXIST)\)|cannot be written/,
    );
    assert.ok(
      ((await broken.postern.metric('postern_state_writes_total{kept="revocations",result="failure"}')) ?? 0) > 0,
    );
    assert.match(broken.postern.logs(), /state: keys acme cannot be written to/);
    rmSync(dir);
    await until('it is written', () => existsSync(dir) && readdirSync(dir).length >= 3, 60_000);
    await until('it says so', async () => (await broken.detailOf('state')) === '', 30_000);
  });

  it('a file that may not grow (as a full disk) leaves what was there before', async () => {
    const grants = Array.from({length: 20_000}, (_, at) => ({plan: 'pro', tenant: `t${at}`}));
    const source = kept(
      await startServer((_, response) => json(response, {...sold, grants: [...sold.grants, ...grants]})),
    );
    const {start, stands, file} = await installation({entitlements: {source: {type: 'http', url: source.url}}});
    const limited = ['bash', '-c', 'ulimit -f 100; trap "" XFSZ; exec "$@"', 'bash'];
    const {isReady, ask, postern} = await start({under: limited});
    await isReady();
    assert.equal(await ask('/orders'), 'allow');
    await until('it is told', () => /state: entitlements cannot be written.*\(EFBIG\)/.test(postern.logs()));
    await stands('keys-acme.');
    assert.deepEqual(file('entitlements.'), []);
    assert.deepEqual(file('.'), []);
  });

  it('a folder that is read-only is no reason not to read it', async function () {
    if (process.geteuid?.() === 0) return this.skip();
    const {start, stands, dir} = await installation();
    const first = await start({unready: false});
    await stands('keys-acme.');
    await first.kill();
    await issuer.stop();
    chmodSync(dir, 0o500);
    const second = await start();
    await second.isReady();
    assert.equal(await second.ask('/x'), 'allow');
    chmodSync(dir, 0o700);
  });

  it('two processes share a folder, and each of them and the next knows what either was told', async () => {
    const {start, stands, dir, folder} = await installation();
    mkdirSync(dir);
    const one = await start({unready: false});
    const listening = {
      server: {listen: `127.0.0.1:${await freePort()}`},
      admin: {listen: `127.0.0.1:${await freePort()}`, token: adminToken},
    };
    const other = await installation({...listening}, {dir: join(folder, 'state')});
    const two = await other.start({unready: false});
    await Promise.all([one.revoke({subject: 'thief'}), two.revoke({subject: 'bob'})]);
    await stands('keys-acme.');
    await Promise.all([one.kill(), two.kill(), issuer.stop()]);
    const next = await start();
    await next.isReady();
    assert.deepEqual(
      [await next.ask('/x'), await next.ask('/x', 'thief'), await next.ask('/x', 'bob')],
      ['allow', 'revoked', 'revoked'],
    );
  });

  it('onFeedLost: refuse lets nobody in without Redis, whatever is on disk', async () => {
    const redis = kept(await startRedis());
    const {start, stands} = await installation({
      redis: {url: redis.url},
      revocation: {lostAfter: '1s', onFeedLost: 'refuse'},
    });
    const first = await start({unready: false});
    await stands('keys-acme.');
    await first.kill();
    await redis.kill();
    const second = await start();
    await sleep(3_000);
    assert.equal(await second.ask('/x'), 'unavailable');
    assert.equal((await second.ready()).status, 'unready');
  });

  it('a Redis that comes back empty is given what only the disk knew', async () => {
    const redis = kept(await startRedis());
    const {start, stands} = await installation({redis: {url: redis.url}});
    const first = await start({unready: false});
    await first.revoke({subject: 'thief'});
    await stands('revocations-');
    await first.kill();
    await redis.kill();
    kept(await startRedis({port: redis.port}));
    const second = await start({unready: false});
    assert.equal(await second.ask('/x', 'thief'), 'revoked');
    await until('Redis has it', async () => (await second.postern.metric('postern_revocations_unannounced')) === 0);
  });
});
