// The Check service: whatever happens inside, one answer, and an allow only for a decision that says so.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Check, CheckContext, Decision, Deny} from '../../src/core/decision.ts';
import {makeIdentityHeaders} from '../../src/core/identityHeaders.ts';
import {makeRender} from '../../src/envoy/render.ts';
import {type EnvoyServer, makeServer} from '../../src/envoy/server.ts';
import {type Deciding, makeService, type ServiceParts} from '../../src/envoy/service.ts';
import {httpCheck, makeClient, type Outcome} from './client.ts';

const allow: Decision = {outcome: 'allow', rule: 'r'};
const render = makeRender(
  {format: 'problem', status: {}, removeCredential: false, errors: 'response'},
  makeIdentityHeaders(new Map()),
);
const never = new Promise<never>(() => {});
// A clock ahead of the caller's: what it leaves before the deadline is half a second to the caller, which a slow machine needs.
const ahead = {now: () => Date.now() + 500};
const reasonOf = ({response}: Outcome): string | undefined => {
  const body = (response?.denied_response ?? response?.error_response)?.body;
  return body === undefined ? undefined : JSON.parse(body).code;
};

describe('service', () => {
  const open: {server: EnvoyServer; client: ReturnType<typeof makeClient>}[] = [];
  afterEach(async () => {
    for (const {server, client} of open.splice(0)) {
      client.close();
      await server.close();
    }
  });

  const start = async (given: Check, more: Partial<ServiceParts & Deciding> = {}) => {
    const deciding: Deciding = {check: given, render, ...more};
    const logged: {fields: object; message: string}[] = [];
    const decided: Deny[] = [];
    let ids = 0;
    const log = {
      error: (fields: object, message: string) => void logged.push({fields, message}),
      info: () => {},
    };
    const service = makeService({
      inForce: () => deciding,
      newId: () => `id-${++ids}`,
      now: Date.now,
      log,
      decided: (decision) => void decided.push(decision),
      ...more,
    });
    const settings = {listen: [{kind: 'tcp' as const, host: '127.0.0.1', port: 0}], drain: 0, drainDelay: 0};
    const server = makeServer({settings, service, log});
    const [address] = await server.start();
    const client = makeClient(address as string);
    open.push({server, client});
    return {...client, logged, decided, service};
  };

  it('answers an allow', async () => {
    const {check, logged} = await start(async () => allow);
    const {response} = await check();
    assert.deepEqual([response?.status.code ?? 0, 'ok_response' in (response as object)], [0, true]);
    assert.deepEqual(logged, []);
  });

  it('hands over the request, the id, the time and the deadline', async () => {
    const seen: CheckContext[] = [];
    const {check} = await start(async (request, context) => {
      assert.equal(request.target, '/x');
      seen.push(context);
      return allow;
    });
    const before = Date.now();
    await check(httpCheck({}, '/x'), 5_000);
    const [context] = seen as [CheckContext];
    assert.equal(context.id, 'id-1');
    assert.ok(context.now >= before && context.now <= Date.now());
    assert.ok(context.deadline > context.now && context.deadline <= Date.now() + 5_000);
  });

  const bugs: [string, Check][] = [
    [
      'throws',
      () => {
        throw new Error('boom');
      },
    ],
    ['rejects', () => Promise.reject(new Error('boom'))],
    [
      'rejects later',
      async () => {
        await sleep(5);
        throw new Error('boom');
      },
    ],
    ['rejects with nothing', () => Promise.reject()],
    ['rejects with an allow', () => Promise.reject(allow)],
    ['returns nothing', () => undefined as unknown as Promise<Decision>],
    ['resolves with nothing', async () => undefined as unknown as Decision],
    ['resolves with true', async () => true as unknown as Decision],
    ['resolves with an empty object', async () => ({}) as Decision],
    ['resolves with an unknown outcome', async () => ({outcome: 'OK', rule: 'r'}) as unknown as Decision],
    ['resolves with an unknown reason', async () => ({outcome: 'deny', reason: '__proto__'}) as unknown as Decision],
    [
      'resolves with a trap',
      async () =>
        new Proxy(
          {},
          {
            get: (_, key) => {
              if (key === 'then') return undefined;
              throw new Error('boom');
            },
          },
        ) as Decision,
    ],
  ];
  for (const [what, check] of bugs)
    it(`a check that ${what}: internal, logged, told, never an allow`, async () => {
      const {check: ask, logged, decided} = await start(check);
      const outcome = await ask();
      assert.equal(reasonOf(outcome), 'internal');
      assert.deepEqual([outcome.response?.status.code, outcome.response?.error_response?.status.code], [13, 500]);
      assert.equal(logged.length, 1);
      assert.deepEqual(decided, [{outcome: 'deny', reason: 'internal'}]);
    });

  it('answers in the form of the configuration that decided, though another has come into force meanwhile', async () => {
    const form =
      (name: string): Deciding['render'] =>
      () => ({failure: {code: 5, details: name}});
    let inForce: Deciding = {
      check: async () => {
        inForce = {check: async () => allow, render: form('new')};
        return allow;
      },
      render: form('old'),
    };
    const {check} = await start(async () => allow, {inForce: () => inForce});
    assert.match((await check()).error?.details ?? '', /old/);
    assert.match((await check()).error?.details ?? '', /new/);
  });

  const broken: [string, Partial<ServiceParts & Deciding>][] = [
    [
      'render',
      {
        render: () => {
          throw new Error('boom');
        },
      },
    ],
    [
      'newId',
      {
        newId: () => {
          throw new Error('boom');
        },
      },
    ],
    [
      'decided',
      {
        decided: () => {
          throw new Error('boom');
        },
        check: async () => ({}) as Decision,
      },
    ],
    [
      'now',
      {
        now: () => {
          throw new Error('boom');
        },
      },
    ],
    [
      'the log',
      {
        log: {
          error: () => {
            throw new Error('boom');
          },
        },
        check: async () => ({}) as Decision,
      },
    ],
  ];
  for (const [what, parts] of broken)
    it(`${what} throws: the call fails, and the next one is served alike`, async () => {
      const {check} = await start(async () => allow, parts);
      for (const _ of [1, 2]) assert.equal((await check()).error?.code, 13);
    });

  for (const [what, message] of [
    ['an empty CheckRequest', {}],
    ['a request without http', {attributes: {request: {}}}],
    ['http without a path', {attributes: {request: {http: {method: 'GET'}}}}],
  ] as const)
    it(`${what}: malformed_request, and the check is not asked`, async () => {
      const {check, decided} = await start(() => assert.fail('asked'));
      const outcome = await check(message);
      assert.equal(reasonOf(outcome), 'malformed_request');
      assert.equal(outcome.response?.status.code, 3);
      assert.equal(decided[0]?.reason, 'malformed_request');
    });

  it('a check that hangs: deadline, as an error answer before the caller gives up', async () => {
    const {check, decided} = await start(() => never, ahead);
    const outcome = await check(httpCheck(), 800);
    assert.equal(reasonOf(outcome), 'deadline');
    assert.deepEqual([outcome.response?.status.code, outcome.response?.error_response?.status.code], [4, 503]);
    assert.deepEqual(decided, [{outcome: 'deny', reason: 'deadline'}]);
  });

  it('tells the check to be done before it must answer itself, so that the check can say what it waited for', async () => {
    // As something that waits for a service until the deadline it was given.
    const {check, decided} = await start(async (_, {deadline}) => {
      await sleep(Math.max(0, deadline - Date.now()));
      return {outcome: 'deny', reason: 'deadline', rule: 'orders'};
    });
    const deadlines = Array.from({length: 10}, (_, at) => 300 + 100 * at);
    const outcomes = await Promise.all(deadlines.map((left) => check(httpCheck(), left)));
    assert.ok(outcomes.every((outcome) => reasonOf(outcome) === 'deadline' || outcome.response === undefined));
    assert.ok(decided.length < 10, 'the edge decides only where the machine was too slow for the check');
  });

  it('an answer that comes after the deadline changes nothing', async () => {
    const {check, decided, logged} = await start(async () => {
      await sleep(600);
      return allow;
    }, ahead);
    assert.equal(reasonOf(await check(httpCheck(), 800)), 'deadline');
    await sleep(500);
    assert.deepEqual([decided.length, logged.length], [1, 0]);
  });

  it('many that hang with many deadlines: each gets its answer', async () => {
    const {check} = await start(() => never, ahead);
    const outcomes = await Promise.all([1_000, 700, 900, 750, 950, 700].map((left) => check(httpCheck(), left)));
    assert.deepEqual(outcomes.map(reasonOf), Array(6).fill('deadline'));
  });

  it('is not asked for a call whose deadline has passed', async () => {
    // The clock of the service is ahead: to it every deadline lies in the past.
    const {check, decided} = await start(() => assert.fail('asked'), {now: () => Date.now() + 60_000});
    assert.equal(reasonOf(await check()), 'deadline');
    assert.equal(decided.length, 1);
  });

  it('is not asked when the queue before it has eaten the deadline', async () => {
    let delay = 0;
    const {check} = await start(async () => allow, {queueDelay: () => delay});
    assert.equal((await check(httpCheck(), 2_000)).response?.status.code ?? 0, 0);
    delay = 5_000;
    const outcome = await check(httpCheck(), 2_000);
    assert.equal(reasonOf(outcome), 'overloaded');
    assert.deepEqual([outcome.response?.status.code, outcome.response?.error_response?.status.code], [8, 503]);
  });

  it('answers overloaded beyond the bound of waiting calls, and serves again when they have gone', async () => {
    const release: (() => void)[] = [];
    const {check} = await start(() => new Promise((resolve) => void release.push(() => resolve(allow))), {
      mostWaiting: 2,
    });
    const waiting = [check(), check()];
    while (release.length < 2) await sleep(5);
    assert.equal(reasonOf(await check()), 'overloaded');
    for (const go of release.splice(0)) go();
    for (const {response} of await Promise.all(waiting)) assert.ok(response && 'ok_response' in response);
    const again = check();
    while (release.length < 1) await sleep(5);
    release[0]?.();
    assert.ok('ok_response' in ((await again).response as object));
  });

  it('survives a call that is cancelled while it waits', async () => {
    let go = () => {};
    let rendered = 0;
    const asked = new Promise<void>((resolve) => {
      go = resolve;
    });
    let settle: (decision: Decision) => void = () => {};
    const {check, logged} = await start(
      () => {
        go();
        return new Promise((resolve) => {
          settle = resolve;
        });
      },
      {
        render: (...decision) => {
          rendered++;
          return render(...decision);
        },
      },
    );
    const cancelled = check(httpCheck(), 5_000, (call) => void asked.then(() => call.cancel()));
    assert.equal((await cancelled).error?.code, 1);
    await sleep(50);
    settle(allow);
    await sleep(20);
    assert.deepEqual([rendered, logged.length], [0, 0]);
  });

  it('without a deadline it waits for the check', async () => {
    const {client} = await start(async (_, {deadline}) => {
      assert.equal(deadline, Number.POSITIVE_INFINITY);
      await sleep(20);
      return allow;
    });
    const {checkMethod} = await import('./client.ts');
    const answered = new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        checkMethod.path,
        checkMethod.requestSerialize,
        checkMethod.responseDeserialize,
        httpCheck(),
        (error, response) => (error ? reject(error) : resolve(response)),
      );
    });
    assert.ok('ok_response' in ((await answered) as object));
  });

  it('errors: grpc reaches the caller as UNAVAILABLE', async () => {
    const {check} = await start(async () => ({outcome: 'deny', reason: 'unavailable'}), {
      render: makeRender(
        {format: 'problem', status: {}, removeCredential: false, errors: 'grpc'},
        makeIdentityHeaders(new Map()),
      ),
    });
    assert.equal((await check()).error?.code, 14);
  });

  it('keeps no process alive', async () => {
    const {spawn} = await import('node:child_process');
    const program = `
      import {makeService} from '${new URL('../../src/envoy/service.ts', import.meta.url).href}';
      import {makeQueueDelay} from '${new URL('../../src/envoy/queueDelay.ts', import.meta.url).href}';
      const delay = makeQueueDelay(Date.now);
      const service = makeService({inForce: () => ({check: () => new Promise(() => {}), render: () => {}}), newId: () => '', now: Date.now, log: console});
      service.check({cancelled: false, getDeadline: () => Date.now() + 600_000, request: {attributes: {source: {}}}}, () => {});
      console.log(delay.now());
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [code] = await once(child, 'exit');
    assert.equal(code, 0);
  });
});
