// A name server that is slow or silent: it costs no more than one question for each name, and nothing that was known before.
import assert from 'node:assert/strict';
import dns, {type LookupAddress} from 'node:dns';
import {makeLookup} from '../../src/remote/names.ts';

type Done = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;

describe('names of hosts', () => {
  const {lookup: real} = dns;
  let asked: {name: string; done: Done}[] = [];
  beforeEach(() => {
    asked = [];
    Object.assign(dns, {lookup: (name: string, _: object, done: Done) => void asked.push({name, done})});
  });
  afterEach(() => void Object.assign(dns, {lookup: real}));
  const answer = (address: string) => asked.splice(0).forEach(({done}) => void done(null, [{address, family: 4}]));
  const fail = (code: string) =>
    asked.splice(0).forEach(({done}) => void done(Object.assign(new Error(code), {code}), []));
  const made = (parts: Parameters<typeof makeLookup>[0] = {}) => {
    const lookup = makeLookup(parts);
    return (name: string, all = false) =>
      new Promise<unknown>((resolve, reject) =>
        lookup(name, {all}, (error, address) => (error === null ? resolve(address) : reject(error))),
      );
  };

  it('is asked once for all who want it, and answers each as it wants', async () => {
    const find = made();
    const pending = [find('a'), find('a'), find('a', true), find('b')];
    assert.deepEqual(
      asked.map(({name}) => name),
      ['a', 'b'],
    );
    answer('192.0.2.1');
    assert.deepEqual(await Promise.all(pending), [
      '192.0.2.1',
      '192.0.2.1',
      [{address: '192.0.2.1', family: 4}],
      '192.0.2.1',
    ]);
  });
  it('what is answered in time counts, each time', async () => {
    const find = made();
    for (const address of ['192.0.2.1', '192.0.2.2']) {
      const pending = find('a');
      answer(address);
      assert.equal(await pending, address);
    }
  });
  it('silence: what was found before counts, and no further question is asked', async () => {
    const find = made({patience: 1});
    const first = find('a');
    answer('192.0.2.1');
    await first;
    for (let times = 0; times < 10; times++) assert.equal(await find('a'), '192.0.2.1');
    assert.equal(asked.length, 1);
    answer('192.0.2.2');
    const after = find('a');
    answer('192.0.2.2');
    assert.equal(await after, '192.0.2.2');
  });
  it('a name server that fails: the same; one that says that there is no such host is believed', async () => {
    const find = made();
    const first = find('a');
    answer('192.0.2.1');
    await first;
    const failing = find('a');
    fail('EAI_AGAIN');
    assert.equal(await failing, '192.0.2.1');
    const gone = find('a');
    fail('ENOTFOUND');
    await assert.rejects(gone, {code: 'ENOTFOUND'});
    const never = find('b');
    fail('EAI_AGAIN');
    await assert.rejects(never, {code: 'EAI_AGAIN'});
  });
  it('what is too old counts no more', async () => {
    let at = 0;
    const find = made({steady: () => at, keep: 1_000});
    const first = find('a');
    answer('192.0.2.1');
    await first;
    at = 1_001;
    const failing = find('a');
    fail('EAI_AGAIN');
    await assert.rejects(failing, {code: 'EAI_AGAIN'});
  });
});
