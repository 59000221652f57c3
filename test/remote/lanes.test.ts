// Whose fault a failure is: what one caller's question meets closes the way to nobody else, and strangers hold up strangers.
import assert from 'node:assert/strict';
import type {Asks, RemoteAnswer, RemoteRequest} from '../../src/core/remote.ts';
import {AttemptFailed} from '../../src/remote/attempt.ts';
import {makeCircuit} from '../../src/remote/circuit.ts';
import {makeTurns} from '../../src/remote/turns.ts';
import {startServer, type TestServer, testRemote} from './servers.ts';

const answer = (status: number): RemoteAnswer => ({asked: 'GET it', status, headers: new Map(), body: ''});
const asking = (about: string, standing: Asks['standing'] = 'first'): RemoteRequest => ({
  method: 'GET',
  url: 'http://it',
  asks: {standing, about},
});
const own: RemoteRequest = {method: 'GET', url: 'http://it'};
const settled = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

describe('a circuit and whose question it was', () => {
  let clock = 0;
  const turns: string[] = [];
  /** Answers each question as `of` says; a number is a status. */
  const make = (of: (about: string) => number | AttemptFailed) => {
    const asked: string[] = [];
    const circuit = makeCircuit(
      {failures: 5, shortest: 1_000, longest: 30_000},
      () => clock,
      () => turns.push(circuit.state()),
    );
    const run = async (request: RemoteRequest): Promise<number | string> => {
      try {
        const {status} = await circuit.run(request, async ({asks}) => {
          asked.push(asks?.about ?? 'own');
          const said = of(asks?.about ?? 'own');
          if (typeof said === 'number') return answer(said);
          throw said;
        });
        return status;
      } catch (error) {
        return (error as AttemptFailed).result;
      } finally {
        await settled();
      }
    };
    return {circuit, run, asked};
  };
  beforeEach(() => {
    clock = 0;
    turns.splice(0);
  });
  const refused = new AttemptFailed('refused', 'nobody there', 2_000);
  const timeout = new AttemptFailed('timeout', 'no answer', 2_000);

  for (const [what, failure] of [
    ['500', 500],
    ['503', 503],
    ['429', 429],
    ['a time-out', timeout],
  ] as const) {
    it(`${what} for what strangers make up opens nothing, while what was answered well before still is`, async () => {
      const {circuit, run, asked} = make((about) => (about.startsWith('bad') ? failure : 200));
      await run(asking('good'));
      for (let n = 0; n < 42; n++) {
        await run(asking(`bad ${n}`));
        assert.equal(circuit.state(), 'closed');
      }
      assert.equal(await run(asking('new')), 200);
      assert.ok(asked.filter((about) => about === 'good').length <= 1 + 42 / 5, 'one probe for five failures');
    });
    it(`${what} for one question again and again is one failure`, async () => {
      const {circuit, run, asked} = make((about) => (about === 'bad' ? failure : 200));
      await run(asking('good'));
      for (let n = 0; n < 20; n++) await run(asking('bad'));
      assert.deepEqual([circuit.state(), asked.filter((about) => about === 'good').length], ['closed', 1]);
    });
  }

  it('a service that is out for everybody is left alone, and tried by a question that it once answered', async () => {
    let out = false;
    const {circuit, run, asked} = make(() => (out ? 500 : 200));
    await run(asking('good'));
    out = true;
    for (let n = 0; n < 5; n++) await run(asking(`${n}`));
    assert.equal(circuit.state(), 'open');
    assert.equal(await run(asking('new')), 'circuit_open');
    clock = 1_000;
    assert.equal(await run(asking('new')), 'circuit_open', 'no caller is the one that tries');
    assert.equal(circuit.state(), 'open');
    out = false;
    clock = 2_999;
    assert.equal(await run(asking('new')), 'circuit_open');
    clock = 3_000;
    assert.equal(await run(asking('new')), 'circuit_open');
    assert.equal(circuit.state(), 'closed');
    assert.equal(await run(asking('new')), 200);
    assert.ok(!asked.slice(0, -1).includes('new'));
  });
  it('a host that cannot be reached is left alone whoever asks', async () => {
    const {circuit, run} = make(() => refused);
    for (let n = 0; n < 5; n++) await run(asking('same'));
    assert.equal(circuit.state(), 'open');
  });
  it('one that has answered no question yet is left alone for a second, and the first good answer ends that', async () => {
    const {circuit, run} = make((about) => (about.startsWith('bad') ? 500 : 200));
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 5; n++) await run(asking(`bad ${n}`));
      assert.equal(circuit.state(), 'open');
      assert.equal(await run(asking('new')), 'circuit_open');
      clock += 1_000;
      assert.equal(await run(asking('bad')), 500, 'whoever comes first then is no probe for the others');
    }
    assert.equal(await run(asking('new')), 200);
    for (let n = 0; n < 50; n++) await run(asking(`bad ${n}`));
    assert.equal(circuit.state(), 'closed');
  });
  it('our own questions count each time', async () => {
    const {circuit, run} = make(() => 500);
    for (let n = 0; n < 5; n++) await run(own);
    assert.equal(circuit.state(), 'open');
  });
  it('429 for somebody known leaves the way of the known open', async () => {
    const {circuit, run} = make(() => 429);
    for (let n = 0; n < 20; n++) await run(asking(`${n}`, 'known'));
    assert.equal(circuit.state(), 'closed');
  });

  for (const [what, step] of [
    ['an hour back', -3_600_000],
    ['a day ahead', 86_400_000],
  ] as const)
    it(`a wall clock that steps ${what} neither keeps it open nor closes it`, async () => {
      let out = true;
      const {now} = Date;
      const {circuit, run} = make(() => (out ? 500 : 200));
      for (let n = 0; n < 5; n++) await run(own);
      Date.now = () => now() + step;
      try {
        clock = 999;
        assert.equal(await run(own), 'circuit_open');
        out = false;
        clock = 1_000;
        assert.equal(await run(own), 200);
        assert.equal(circuit.state(), 'closed');
      } finally {
        Date.now = now;
      }
    });
});

describe('lanes', () => {
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });

  it('what is known and what is our own never waits behind first questions, which are shed first', async () => {
    const held: (() => void)[] = [];
    const server: TestServer = await startServer((request, response) => {
      if (request.url === '/stranger') held.push(() => response.end('ok'));
      else response.end('ok');
    });
    const remote = testRemote();
    ends.push(server.close, remote.close);
    const call = (path: string, asks?: Asks) =>
      remote
        .call('it', {method: 'GET', url: server.url + path, timeout: 30_000, ...(asks && {asks})}, Date.now() + 30_000)
        .then(
          ({body}) => body,
          (error: Error) => (/are under way, and 256 wait/.test(error.message) ? 'busy' : error.message),
        );
    const strangers = Array.from({length: 400}, (_, n) => call('/stranger', {standing: 'first', about: `${n}`}));
    assert.deepEqual(await Promise.all(strangers.slice(320)), Array(80).fill('busy'));
    assert.equal(await call('/known', {standing: 'known', about: 'k'}), 'ok');
    assert.equal(await call('/own'), 'ok');
    for (let answered = 0; answered < 320; answered++) {
      while (held.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      held.shift()?.();
    }
    assert.deepEqual(await Promise.all(strangers.slice(0, 320)), Array(320).fill('ok'));
  });

  it('turns are taken in order, and a failure gives its own back', async () => {
    const turns = makeTurns(1, 2);
    const seen: string[] = [];
    const first = Promise.withResolvers<void>();
    const run = (name: string, work: () => Promise<void>) =>
      turns.take(async () => {
        seen.push(name);
        await work();
      });
    const failing = run('a', async () => {
      await first.promise;
      throw new Error('a');
    });
    const others = [run('b', async () => {}), run('c', async () => {})];
    assert.equal(
      run('d', async () => {}),
      undefined,
    );
    assert.deepEqual(seen, ['a']);
    first.resolve();
    await assert.rejects(async () => failing, /a/);
    await Promise.all(others);
    assert.deepEqual(seen, ['a', 'b', 'c']);
    await run('e', async () => {});
    assert.deepEqual(seen, ['a', 'b', 'c', 'e']);
  });
});
