// Revocation as an operator and a thief see it: the program itself, its admin port, its commands, a real Redis.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {openRedis} from '../../src/store/redis.ts';
import {named} from '../../src/store/revocationForm.ts';
import {makeRevocationRedis} from '../../src/store/revocationRedis.ts';
import {makeSeal} from '../../src/store/seal.ts';
import {endingAfterEach, settingsOf, until} from '../store/rig.ts';
import {checkRequestOf, makeCheckClient} from '../support/checkClient.ts';
import {type IdentityProvider, startIdentityProvider} from '../support/identityProvider.ts';
import {type PosternOptions, runPostern, startPostern} from '../support/postern.ts';
import {startCuttable, startRedis} from '../support/redis.ts';
import {acme, people} from '../support/stage.ts';

const adminToken = 'a-token-of-tests';
const rules = [
  {name: 'open', match: {path: '/open'}, public: true},
  {name: 'known', match: {path: '/known'}, public: 'identify'},
  {name: 'rest', match: {path: '/**'}, require: {}},
];
/** Shifts the clock of a program by so many milliseconds. */
const clockOff = (milliseconds: number) => ({
  NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(`const n=Date.now;Date.now=()=>n()+(${milliseconds})`)}`,
});
interface Ready {
  readonly status: string;
  readonly parts: readonly {readonly part: string; readonly state: string}[];
}
const seconds = () => Math.floor(Date.now() / 1_000);

describe('revocation', function () {
  this.timeout(120_000);
  const kept = endingAfterEach();
  let identityProvider: IdentityProvider;
  before(async () => {
    identityProvider = await startIdentityProvider({people, audience: 'orders-api'});
  });
  after(() => identityProvider?.stop());

  const open = async (settings: Record<string, unknown>, options: PosternOptions = {}, provider = {}) => {
    const providers = [{...acme(identityProvider.issuer), ...provider}];
    const postern = kept(await startPostern({providers, rules, admin: {token: adminToken}, ...settings}, options));
    const client = kept(makeCheckClient(postern.address));
    const ask = async (token: string | undefined, path = '/x'): Promise<string> => {
      const headers: [string, string][] = token === undefined ? [] : [['authorization', `Bearer ${token}`]];
      const answer = await client.check(checkRequestOf({path, headers}));
      if (answer.okResponse !== undefined) return 'allow';
      return JSON.parse((answer.deniedResponse ?? answer.errorResponse)?.body ?? '{}').code;
    };
    const call = async (method: string, path: string, body?: object | string) => {
      const answer = await fetch(`${postern.adminUrl}${path}`, {
        method,
        headers: {authorization: `Bearer ${adminToken}`},
        ...(body !== undefined && {body: typeof body === 'string' ? body : JSON.stringify(body)}),
      });
      return {status: answer.status, body: await answer.json()} as {status: number; body: Record<string, unknown>};
    };
    const run = (...args: string[]) => runPostern([...args, '-c', join(postern.folder, 'postern.yaml')]);
    const ready = async () => (await fetch(`${postern.adminUrl}/readyz`)).json() as Promise<Ready>;
    return {postern, ask, call, run, ready, config: join(postern.folder, 'postern.yaml')};
  };
  const tokenOf = (sub: string, claims = {}) => identityProvider.sign({sub, ...claims});
  /** Writes into Redis as an instance would. */
  const fill = async (url: string, subjects: readonly string[]) => {
    const connection = openRedis(settingsOf({url}), {purpose: 'test', timeout: 10_000, random: Math.random});
    await until('it is connected', () => connection.ready());
    const redis = makeRevocationRedis({
      reading: connection,
      writing: connection,
      prefix: 'postern:',
      seal: makeSeal(undefined),
      newMark: () => crypto.randomUUID(),
    });
    for (let from = 0; from < subjects.length; from += 100) {
      const some = subjects.slice(from, from + 100);
      await redis.write(some.map((subject) => named({subject, at: Date.now(), expires: Date.now() + 9_999_999})));
    }
    await connection.close();
  };

  it('is listed, paged, taken back, with who and why', async () => {
    const redis = kept(await startRedis());
    const [one, two] = [await open({redis: {url: redis.url}}), await open({redis: {url: redis.url}})];
    const token = await tokenOf('thief');
    const order = {subject: 'thief', reason: 'stolen phone', by: 'ops'};
    const {status, body} = await one.call('POST', '/revocations', order);
    assert.deepEqual([status, body.announced, body.reach], [200, true, 'every instance']);
    const {id, at, expires, salt: _, ...rest} = body.revocation as Record<string, unknown>;
    assert.deepEqual(rest, order);
    assert.ok(Number(expires) - Number(at) === 86_400_000);
    await until('the other refuses', async () => (await two.ask(token)) === 'revoked');
    const listed = await two.call('GET', '/revocations');
    assert.deepEqual([listed.status, listed.body.revocations, listed.body.total], [200, [body.revocation], 1]);

    const rows: [method: string, path: string, body: object | string | undefined, status: number][] = [
      ['DELETE', '/revocations/nobody', undefined, 404],
      ['DELETE', `/revocations/${id}`, '[]', 400],
      ['DELETE', `/revocations/${id}`, {subject: 'x'}, 400],
      ['DELETE', `/revocations/${id}`, {reason: ''}, 400],
      ['DELETE', '/revocations', undefined, 405],
      ['DELETE', `/revocations/${id}/x`, undefined, 404],
      ['POST', '/revocations', {provider: 'acne'}, 400],
      ['POST', '/revocations', {subject: 'x', expires: 1}, 400],
      ['POST', '/revocations', {subject: 'x', reason: 7}, 400],
      ['POST', '/revocations', {subject: 'x'.repeat(513)}, 400],
      ['GET', '/revocations?limit=0', undefined, 400],
      ['GET', '/revocations?limit=1001', undefined, 400],
      ['GET', '/revocations?after=nobody', undefined, 400],
    ];
    for (const [method, path, sent, expected] of rows) {
      assert.equal((await two.call(method, path, sent)).status, expected, `${method} ${path} ${JSON.stringify(sent)}`);
    }
    assert.equal(await two.ask(token), 'revoked');
    const back = await two.call('DELETE', `/revocations/${id}`, {reason: 'the wrong one', by: 'ops'});
    assert.deepEqual(
      [back.status, back.body.announced, (back.body.removal as {removes: string}).removes],
      [200, true, id],
    );
    await until('both let in', async () => (await one.ask(token)) === 'allow' && (await two.ask(token)) === 'allow');
    assert.equal((await one.call('DELETE', `/revocations/${id}`)).status, 200, 'said twice');
    assert.deepEqual((await one.call('GET', '/revocations')).body.revocations, []);

    for (let count = 0; count < 5; count++) await one.call('POST', '/revocations', {subject: `s${count}`});
    const found: string[] = [];
    for (let after = ''; ; ) {
      const page = (await one.call('GET', `/revocations?limit=2${after}`)).body as unknown as {
        revocations: {subject: string}[];
        next?: string;
      };
      found.push(...page.revocations.map(({subject}) => subject));
      if (page.next === undefined) break;
      after = `&after=${page.next}`;
    }
    assert.deepEqual(found.sort(), ['s0', 's1', 's2', 's3', 's4']);
  });

  it('of a session refuses its refreshed tokens, of a subject those of an older sign-in, and not the next', async () => {
    const one = await open({}, {}, {clockTolerance: '60s'});
    const now = seconds();
    const login = now - 600;
    const rows: [what: string, order: object, claims: object, answer: string][] = [
      ['refreshed', {sessionId: 's1'}, {sid: 's1', jti: 'b', auth_time: login}, 'revoked'],
      ['another session', {sessionId: 's1'}, {sid: 's2', auth_time: login}, 'allow'],
      ['by its id, dated ahead', {tokenId: 'j1'}, {jti: 'j1', iat: now + 50}, 'revoked'],
      ['a subject, dated ahead', {subject: 'u3'}, {sub: 'u3', iat: now + 50}, 'revoked'],
      ['a subject, refreshed', {subject: 'u4'}, {sub: 'u4', iat: now + 59, auth_time: login}, 'revoked'],
      ['a moment that was named', {subject: 'u5', before: now - 100}, {sub: 'u5', iat: now - 99}, 'allow'],
      ['before it', {subject: 'u5', before: now - 100}, {sub: 'u5', iat: now - 101}, 'revoked'],
      ['signed in before it', {subject: 'u5', before: now - 100}, {sub: 'u5', auth_time: now - 101}, 'revoked'],
    ];
    for (const [what, order, claims, answer] of rows) {
      assert.equal((await one.call('POST', '/revocations', order)).status, 200, what);
      assert.equal(await one.ask(await tokenOf('alice', claims)), answer, what);
    }
    const strict = await open({}, {}, {clockTolerance: '0s'});
    await strict.call('POST', '/revocations', {subject: 'u6'});
    await sleep(1_100);
    assert.equal(await strict.ask(await tokenOf('u6', {auth_time: seconds()})), 'allow', 'signed in again');
    assert.equal(await strict.ask(await tokenOf('u6', {auth_time: login})), 'revoked', 'refreshed');
  });

  for (const [many, delay] of [
    [1, 100],
    [5_000, 20],
  ] as const) {
    it(`counts from the first answer of a start, with ${many} in a Redis that takes ${delay} ms`, async () => {
      const redis = kept(await startRedis());
      await fill(redis.url, [...Array.from({length: many - 1}, (_, at) => `s${at}`), 'thief']);
      const way = kept(await startCuttable(redis.port, delay));
      const thief = await tokenOf('thief');
      const honest = await tokenOf('honest');
      const one = await open({redis: {url: way.url}}, {unready: true});
      const seen = new Set<string>();
      for (let ready = false; !ready; ) {
        const [a, b, c, d] = await Promise.all([
          one.ask(thief),
          one.ask(undefined, '/open'),
          one.ask(thief, '/known'),
          one.ask(undefined, '/known'),
        ]);
        seen.add(a);
        assert.ok(c !== 'allow', 'identify lets no principal in either');
        assert.deepEqual([b, d], ['allow', 'allow'], 'what needs no principal');
        ready = (await one.ready()).parts.some(({part, state}) => part === 'revocation feed' && state === 'ready');
      }
      assert.ok(!seen.has('allow'), [...seen].join());
      assert.deepEqual([await one.ask(thief), await one.ask(honest)], ['revoked', 'allow']);
    });
  }

  for (const how of ['admin port', 'command'] as const) {
    it(`that was acknowledged by the ${how} outlives a Redis that is killed at once and comes back empty`, async () => {
      const redis = kept(await startRedis());
      const one = await open({redis: {url: redis.url}});
      if (how === 'admin port') assert.equal((await one.call('POST', '/revocations', {subject: 'thief'})).status, 200);
      else {
        const {code, output} = await one.run('revoke', '--subject', 'thief');
        assert.equal(code, 0, output);
      }
      await redis.kill();
      kept(await startRedis({port: redis.port}));
      const token = await tokenOf('thief');
      assert.equal(await one.ask(token), 'revoked');
      const two = await open({redis: {url: redis.url}});
      await until('one that starts later refuses', async () => (await two.ask(token)) === 'revoked', 5_000);
    });
  }

  it('by command: the clock of Redis counts, who and why are written down, and it is taken back', async () => {
    const redis = kept(await startRedis());
    const one = await open({redis: {url: redis.url}}, {}, {clockTolerance: '0s'});
    for (const minutes of [-10, 10]) {
      const args = ['revoke', '-c', one.config, '--subject', `u${minutes}`, '--reason', 'a "test"', '--by', 'ops'];
      const {code, output} = await runPostern(args, clockOff(minutes * 60_000));
      assert.equal(code, 0, output);
      assert.match(output, new RegExp(`600 s ${minutes > 0 ? 'ahead of' : 'behind'} that of Redis, which counts`));
      const old = await tokenOf(`u${minutes}`, {iat: seconds() - 300});
      assert.equal(await one.ask(old), 'revoked', `${minutes}`);
      await sleep(1_100);
      assert.equal(await one.ask(await tokenOf(`u${minutes}`)), 'allow', `${minutes}: signed in again`);
    }
    const listed = (await one.run('revocations')).output;
    assert.match(listed, /subject="u-10" issued before .* by "ops": "a \\"test\\""/);
    const [id = ''] = /^\S+/.exec(listed) ?? [];
    const taken = await one.run('revocations', 'remove', id, '--reason', 'wrong');
    assert.deepEqual([taken.code, taken.output.trim()], [0, `taken back: ${id}`]);
    assert.ok(!(await one.run('revocations')).output.includes(id));
    for (const [args, said] of [
      [['remove', 'nobody'], /there is no revocation nobody/],
      [['remove', '../x'], /no id/],
    ] as const) {
      const {code, output} = await one.run('revocations', ...args);
      assert.deepEqual([code, said.test(output)], [1, true], output);
    }
  });

  it('by command without an instance that hears it: it is in Redis, and the status says that nobody has read it', async () => {
    const redis = kept(await startRedis());
    const one = await open({redis: {url: redis.url}});
    await one.postern.stop();
    const {code, output} = await one.run('revoke', '--session', 's1');
    assert.deepEqual([code, /no running instance/.test(output)], [2, true], output);
    assert.equal((await one.run('revoke', '--session', 's2', '--no-wait')).code, 0);
    const {output: listed} = await one.run('revocations');
    assert.ok(listed.includes('sessionId="s1"') && listed.includes('sessionId="s2"'), listed);
  });

  it('without Redis says that it is this instance only', async () => {
    const one = await open({});
    const {body} = await one.call('POST', '/revocations', {subject: 'u1'});
    assert.equal(body.reach, 'this instance only');
    const said = await one.run('revoke', '--subject', 'u2', '--reason', 'x');
    assert.deepEqual([said.code, /this instance only/.test(said.output)], [0, true], said.output);
    const listed = await one.run('revocations');
    const [id = ''] = /^\S+/.exec(listed.output) ?? [];
    assert.equal((await one.run('revocations', 'remove', id)).code, 0);
    assert.equal((await one.call('GET', '/revocations')).body.total, 1);
  });

  it('needs no more of Redis than docs/operate.md lists, and says so when it may do less', async () => {
    const redis = kept(await startRedis());
    const operate = readFileSync(join(import.meta.dirname, '../../docs/operate.md'), 'utf8');
    const [, user = ''] = /ACL SETUSER postern (.*)$/m.exec(operate) ?? [];
    assert.ok(user.includes('~postern:*'), 'documented');
    const raw = kept(openRedis(settingsOf({url: redis.url}), {purpose: 'test', timeout: 5_000, random: Math.random}));
    await until('it is connected', () => raw.ready());
    await raw.call('ACL', 'SETUSER', 'postern', ...user.replace('>secret', '>pw').split(' '));
    const settings = {redis: {url: redis.url, username: 'postern', password: 'pw'}};
    const [one, two] = [await open(settings), await open(settings)];
    const token = await tokenOf('thief');
    const {status, body} = await one.call('POST', '/revocations', {subject: 'thief'});
    assert.equal(status, 200);
    await until('the other refuses', async () => (await two.ask(token)) === 'revoked');
    assert.equal((await one.run('revoke', '--session', 's1')).code, 0);
    assert.equal((await one.call('POST', '/entitlements/drop', {})).status, 200);
    assert.equal((await one.call('DELETE', `/revocations/${(body.revocation as {id: string}).id}`)).status, 200);
    await until('all is ready', async () => (await one.ready()).status === 'ready');
    await raw.call('ACL', 'SETUSER', 'postern', '-zadd');
    assert.equal((await one.call('POST', '/revocations', {subject: 'u2'})).status, 202);
    await until('it shows', async () => /NOPERM|can't run this command/.test(JSON.stringify(await one.ready())));
  });
});
