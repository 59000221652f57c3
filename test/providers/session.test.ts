// What only another service can say: asked once, waited for by each as long as it may, remembered for a while.
import assert from 'node:assert/strict';
import {setImmediate} from 'node:timers/promises';
import {z} from 'zod';
import type {Asks} from '../../src/core/remote.ts';
import {Unavailable} from '../../src/core/unavailable.ts';
import {type Asked, makeAskOnce} from '../../src/providers/session.ts';
import {makeLayeredCache} from '../../src/store/layered.ts';
import {makeMemoryCache} from '../../src/store/memory.ts';

const never = Number.POSITIVE_INFINITY;

interface Answer {
  readonly said: string;
}

describe('asking once', () => {
  let clock = 1_000;
  let timers: {at: number; run: () => void}[] = [];
  /** What stands in for Redis: JSON by key, kept for ever. */
  let shared = new Map<string, string>();
  beforeEach(() => {
    clock = 1_000;
    timers = [];
    shared = new Map();
  });
  const forward = (milliseconds: number) => {
    clock += milliseconds;
    for (const timer of timers.filter(({at}) => at <= clock)) timer.run();
  };
  /** Each call makes another instance; all of them share. */
  const make = (more: Partial<Asked<Answer>> = {}) =>
    makeAskOnce<Answer>(
      {
        dependency: 'sessions:acme',
        cache: 'sessions',
        settings: {secret: 'canary'},
        shape: z.strictObject({said: z.string()}),
        ...more,
      },
      {
        makeCache: (name, codec) =>
          makeLayeredCache({
            name,
            memory: makeMemoryCache({}, () => clock),
            remote: {
              get(key) {
                const text = shared.get(key);
                return text === undefined ? undefined : codec.decode(JSON.parse(text));
              },
              set: (key, value, ttl) => {
                if (ttl > 0) shared.set(key, JSON.stringify(codec.encode(value)));
                else shared.delete(key);
              },
            },
          }),
        now: () => clock,
        after: (milliseconds, run) => {
          const timer = {at: clock + milliseconds, run};
          timers.push(timer);
          return () => {
            timers = timers.filter((one) => one !== timer);
          };
        },
      },
    );
  /** A question that is answered when told so. */
  const slow = (life: number) => {
    const {promise, resolve, reject} = Promise.withResolvers<Answer>();
    const deadlines: number[] = [];
    const ask = (deadline: number) => {
      deadlines.push(deadline);
      return promise;
    };
    return {question: {about: ['s1'], ask, life: () => life}, resolve, reject, deadlines};
  };
  /** A question that is answered with how often it was asked. */
  const counted = (about: readonly string[], life: number, end?: number) => {
    let asked = 0;
    const ask = async () => ({said: `answer ${++asked}`});
    return {about, ask, life: () => life, ...(end !== undefined && {end: () => end})};
  };
  const said = async (answer: Answer | Promise<Answer>) => (await answer).said;

  it('one question for all who wait, with time of its own', async () => {
    const once = make();
    const {question, resolve, deadlines} = slow(10);
    const answers = Promise.all([1_100, 1_200, never].map((deadline) => said(once(question, deadline))));
    resolve({said: 'live'});
    assert.deepEqual(await answers, ['live', 'live', 'live']);
    assert.deepEqual(deadlines, [6_000]);
    assert.deepEqual(timers, [], 'every timer is called off');
  });

  it('each waits no longer than its own deadline, and the answer is there for the next', async () => {
    const once = make();
    const {question, resolve, deadlines} = slow(500);
    const impatient = assert.rejects(async () => once(question, 1_100), Unavailable);
    const patient = once(question, 2_000);
    forward(150);
    await impatient;
    resolve({said: 'live'});
    const answer = await patient;
    assert.equal(answer.said, 'live');
    assert.equal(once(question, 1_000), answer, 'the same object, at once, and without a promise');
    assert.equal(deadlines.length, 1);
  });

  it('an answer is remembered for its time, and by what it depends on', async () => {
    const once = make();
    const one = counted(['s1', 'x'], 100);
    assert.equal(await said(once(one, never)), 'answer 1');
    const others = [['s1'], ['s1x'], ['s1', 'x', ''], ['s1","x']];
    for (const [at, about] of others.entries())
      assert.equal(await said(once({...one, about}, never)), `answer ${at + 2}`, JSON.stringify(about));
    forward(99);
    assert.equal(await said(once(one, never)), 'answer 1');
  });

  it('one that counts for no time is asked for each time', async () => {
    const once = make();
    const one = counted(['s1'], 0);
    assert.equal(await said(once(one, never)), 'answer 1');
    assert.equal(await said(once(one, never)), 'answer 2');
    assert.equal(shared.size, 0);
  });

  it('one that ends by itself is not remembered beyond its end', async () => {
    const once = make();
    const one = counted(['s1'], 100, clock + 50);
    assert.equal(await said(once(one, never)), 'answer 1');
    forward(49);
    assert.equal(await said(once(one, never)), 'answer 1');
    forward(1);
    assert.equal(await said(once(one, never)), 'answer 2');
  });

  it('counts from when it was asked for, however slow the service and however many instances', async () => {
    const {question, resolve} = slow(100);
    const answer = make()(question, never);
    await setImmediate();
    forward(60);
    resolve({said: 'live'});
    await answer;
    const one = counted(['s1'], 100);
    forward(39);
    assert.equal(await said(make()(one, never)), 'live', 'from the shared layer');
    const late = make();
    assert.equal(await said(late(one, never)), 'live');
    forward(1);
    assert.equal(await said(late(one, never)), 'answer 1', 'no second life in another instance');
  });

  it('other settings share nothing, and neither they nor what is asked about leave the process', async () => {
    const one = counted(['credential canary'], 1_000);
    assert.equal(await said(make()(one, never)), 'answer 1');
    assert.equal(await said(make()(one, never)), 'answer 1');
    assert.equal(await said(make({settings: {secret: 'other'}})(one, never)), 'answer 2');
    assert.equal(shared.size, 2);
    assert.ok(![...shared].flat().join().includes('canary'));
  });

  it('what others put into the shared layer is a miss unless it is such an answer and of its time', async () => {
    const one = counted(['s1'], 1_000);
    await make()(one, never);
    const [key = ''] = shared.keys();
    const good = {answer: {said: 'theirs'}, until: clock + 500};
    const rows: [what: string, json: unknown, counts: boolean][] = [
      ['good', good, true],
      ['over', {...good, until: clock}, false],
      ['from the future', {...good, until: clock + 3_600_000}, false],
      ['without an end', {answer: good.answer}, false],
      ['with an end that is no number', {...good, until: 'soon'}, false],
      ['of another shape', {...good, answer: {said: 7}}, false],
      ['with more than the shape has', {...good, answer: {said: 'x', admin: true}}, false],
      ['null', null, false],
      ['a text', 'live', false],
    ];
    for (const [what, json, counts] of rows) {
      shared.set(key, JSON.stringify(json));
      assert.equal((await said(make()(one, never))) === 'theirs', counts, what);
    }
  });

  it('an answer in use is asked for again in the last fifth of its life, and nobody waits for it', async () => {
    const once = make();
    const one = counted(['s1'], 10_000);
    assert.equal(await said(once(one, never)), 'answer 1');
    forward(8_000);
    assert.equal(await said(once(one, never)), 'answer 1');
    await setImmediate();
    await setImmediate();
    assert.equal(await said(once(one, never)), 'answer 1', 'it is not yet time');
    forward(1);
    const before = once(one, never);
    assert.ok(!(before instanceof Promise) && before.said === 'answer 1');
    await setImmediate();
    await setImmediate();
    assert.equal(await said(once(one, never)), 'answer 2');
    forward(7_999);
    assert.equal(await said(make()(one, never)), 'answer 2', 'the other instances have it, too');
  });

  it('what it learns so counts at once, and no layer gives the answer before it back', async () => {
    const once = make();
    const good = {
      about: ['s1'],
      ask: async () => ({said: 'live'}),
      life: ({said}: Answer) => (said === 'live' ? 10_000 : 0),
    };
    assert.equal(await said(once(good, never)), 'live');
    forward(8_001);
    const over = {...good, ask: async () => ({said: 'over'})};
    assert.equal(await said(once(over, never)), 'live', 'nobody waits for it');
    await setImmediate();
    await setImmediate();
    assert.equal(await said(once(over, never)), 'over');
    assert.equal(await said(make()(over, never)), 'over', 'in another instance, too');
  });

  it('asks ahead for nobody who has gone, nor for what lives shortly', async () => {
    const once = make();
    const short = counted(['s1'], 5_000);
    assert.equal(await said(once(short, never)), 'answer 1');
    forward(4_999);
    assert.equal(await said(once(short, never)), 'answer 1');
    await setImmediate();
    await setImmediate();
    forward(1);
    assert.equal(await said(once(short, never)), 'answer 2');
  });

  it('an answer counts on to its end while it cannot be asked for again, and a service that fails is asked once a second', async () => {
    const once = make();
    const one = counted(['s1'], 10_000);
    assert.equal(await said(once(one, never)), 'answer 1');
    let asked = 0;
    const failing = {
      ...one,
      ask: async () => {
        asked += 1;
        throw new Unavailable('sessions:acme', new Error('GET /session answered with status 401'));
      },
    };
    assert.deepEqual(once.health(), {part: 'sessions acme', state: 'ready'});
    forward(8_001);
    for (let tenth = 0; tenth < 19; tenth++) {
      assert.equal(await said(once(failing, never)), 'answer 1');
      await setImmediate();
      await setImmediate();
      forward(100);
    }
    assert.equal(asked, 2);
    const {state, detail} = once.health();
    assert.equal(state, 'degraded');
    assert.match(
      detail ?? '',
      /cannot be asked since 1970-01-01T00:00:09.001Z: .*GET \/session answered with status 401/,
    );
    forward(99);
    await assert.rejects(async () => once(failing, never), Unavailable);
    assert.equal(await said(once(counted(['s1'], 10), never)), 'answer 1');
    assert.equal(once.health().state, 'ready');
  });

  describe('who asks', () => {
    /** The standing of each question, as it went out. */
    const standings = async (once: ReturnType<typeof make>, steps: readonly (readonly [string, string | 'fail'])[]) => {
      const seen: string[] = [];
      for (const [about, says] of steps) {
        const ask = async (_: number, asks: Asks) => {
          seen.push(`${about} ${asks.standing}`);
          if (says === 'fail') throw new Unavailable('sessions:acme');
          return {said: says};
        };
        await Promise.resolve(once({about: [about], ask, life: () => 1}, never)).catch(() => undefined);
        forward(1);
      }
      return seen;
    };
    it('who was answered well is known from then on, through outages; who never was is a stranger each time', async () => {
      const once = make({good: ({said}) => said === 'live'});
      const steps = [
        ['a', 'live'],
        ['a', 'fail'],
        ['a', 'live'],
        ['b', 'dead'],
        ['b', 'dead'],
        ['c', 'fail'],
        ['c', 'live'],
        ['a', 'dead'],
        ['a', 'dead'],
      ] as const;
      const seen = ['a first', 'a known', 'a known', 'b first', 'b first', 'c first', 'c first', 'a known', 'a first'];
      assert.deepEqual(await standings(once, steps), seen);
    });
    it('a name of the question goes along: the same for the same question, and not the credential', async () => {
      const names: string[] = [];
      const ask = async (_: number, {about}: Asks) => {
        names.push(about);
        return {said: 'live'};
      };
      for (const about of ['s1', 's2', 's1']) {
        await make()({about: [about, 'canary'], ask, life: () => 0}, never);
      }
      assert.equal(names[0], names[2]);
      assert.notEqual(names[0], names[1]);
      assert.ok(names.every((name) => /^[\w-]{43}$/.test(name)));
    });
    it('what strangers ask and is not answered keeps nobody from being asked about ahead', async () => {
      const once = make();
      const one = counted(['s1'], 10_000);
      await said(once(one, never));
      forward(8_001);
      const failing = async () => {
        throw new Unavailable('sessions:acme');
      };
      await assert.rejects(async () => once({about: ['stranger'], ask: failing, life: () => 1}, never));
      assert.equal(await said(once(one, never)), 'answer 1');
      await setImmediate();
      await setImmediate();
      assert.equal(await said(once(one, never)), 'answer 2');
    });
  });

  for (const [what, step] of [
    ['an hour back', -3_600_000],
    ['a day ahead', 86_400_000],
  ] as const)
    it(`a fact of ten seconds lives for ten seconds when the wall clock steps ${what}`, async () => {
      let steady = 0;
      const memory = makeMemoryCache<{answer: Answer; until: number}>({}, () => steady);
      const once = makeAskOnce<Answer>(
        {dependency: 'd', cache: 'c', settings: '', shape: z.strictObject({said: z.string()})},
        {
          makeCache: () => makeLayeredCache({name: 'c', memory}) as never,
          now: () => clock,
          steady: () => steady,
          after: () => () => {},
        },
      );
      const one = counted(['s1'], 10_000);
      assert.equal(await said(once(one, never)), 'answer 1');
      clock += step;
      assert.equal(await said(once(one, never)), 'answer 2', 'what cannot be told is asked for again');
      steady += 9_999;
      clock += 9_999;
      assert.equal(await said(once(one, never)), 'answer 2');
      clock -= 9_000;
      steady += 1;
      assert.notEqual(await said(once(one, never)), 'answer 2', 'its time is over, whatever the wall clock says');
    });

  it('a failure reaches everyone and is not remembered, nor is it unhandled when nobody waits any more', async () => {
    const once = make();
    const {question, reject} = slow(10);
    const both = [never, 1_100].map((deadline) => assert.rejects(async () => once(question, deadline)));
    forward(200);
    reject(new Unavailable('sessions:acme', new Error('500')));
    await Promise.all(both);
    assert.equal(await said(once(counted(['s1'], 10), never)), 'answer 1');
  });
});
