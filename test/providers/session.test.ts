// What only another service can say: asked once, waited for by each as long as it may, remembered for a while.
import assert from 'node:assert/strict';
import {Unavailable} from '../../src/core/unavailable.ts';
import {makeAskOnce} from '../../src/providers/session.ts';
import {makeLayeredCache} from '../../src/store/layered.ts';
import {makeMemoryCache} from '../../src/store/memory.ts';

const never = Number.POSITIVE_INFINITY;

describe('asking once', () => {
  let clock = 1_000;
  let timers: {at: number; run: () => void}[] = [];
  const forward = (milliseconds: number) => {
    clock += milliseconds;
    for (const timer of timers.filter(({at}) => at <= clock)) timer.run();
  };
  const make = () => {
    clock = 1_000;
    timers = [];
    return makeAskOnce<string>({
      dependency: 'sessions:acme',
      cache: makeLayeredCache({name: 'sessions', memory: makeMemoryCache<string>({}, () => clock)}),
      now: () => clock,
      after: (milliseconds, run) => {
        const timer = {at: clock + milliseconds, run};
        timers.push(timer);
        return () => {
          timers = timers.filter((one) => one !== timer);
        };
      },
    });
  };
  /** A question that is answered when told so. */
  const question = () => {
    const {promise, resolve, reject} = Promise.withResolvers<string>();
    const deadlines: number[] = [];
    const ask = (deadline: number) => {
      deadlines.push(deadline);
      return promise;
    };
    return {ask, resolve, reject, deadlines};
  };

  it('one question for all who wait, with time of its own', async () => {
    const once = make();
    const {ask, resolve, deadlines} = question();
    const answers = Promise.all([1_100, 1_200, never].map((deadline) => once('s1', ask, () => 10, deadline)));
    resolve('live');
    assert.deepEqual(await answers, ['live', 'live', 'live']);
    assert.deepEqual(deadlines, [6_000]);
    assert.deepEqual(timers, [], 'every timer is called off');
  });

  it('each waits no longer than its own deadline, and the answer is there for the next', async () => {
    const once = make();
    const {ask, resolve, deadlines} = question();
    const impatient = assert.rejects(async () => once('s1', ask, () => 500, 1_100), Unavailable);
    const patient = once('s1', ask, () => 500, 2_000);
    forward(150);
    await impatient;
    resolve('live');
    assert.equal(await patient, 'live');
    assert.equal(
      once('s1', ask, () => 500, 1_000),
      'live',
      'at once, and without a promise',
    );
    assert.equal(deadlines.length, 1);
  });

  it('an answer is remembered for its time, and by key', async () => {
    const once = make();
    let asked = 0;
    const ask = async () => `answer ${++asked}`;
    assert.equal(await once('s1', ask, () => 100, never), 'answer 1');
    assert.equal(await once('s2', ask, () => 100, never), 'answer 2');
    forward(99);
    assert.equal(await once('s1', ask, () => 100, never), 'answer 1');
    forward(1);
    assert.equal(await once('s1', ask, () => 0, never), 'answer 3');
    assert.equal(await once('s1', ask, () => 0, never), 'answer 4', 'no time, not remembered');
  });

  it('a failure reaches everyone and is not remembered, nor is it unhandled when nobody waits any more', async () => {
    const once = make();
    const {ask, reject} = question();
    const both = [never, 1_100].map((deadline) => assert.rejects(async () => once('s1', ask, () => 10, deadline)));
    forward(200);
    reject(new Unavailable('sessions:acme', new Error('500')));
    await Promise.all(both);
    assert.equal(
      await once(
        's1',
        async () => 'live',
        () => 10,
        never,
      ),
      'live',
    );
  });
});
