// What is kept on disk: read again as it was written, or not at all.
import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {join} from 'node:path';
import {makeSeal} from '../../src/store/seal.ts';
import {makeFolder, makeTime, openState, pass, type Time} from './support.ts';

const identity = 'https://id.acme.example';
const texts = ['{"keys":[1,2]}', '["ä€𝄞\u2028\ufffd"]', '{}'];
const hour = 3_600_000;

type Changes = NonNullable<Parameters<typeof openState>[2]>;

describe('what is kept on disk', () => {
  let folder: ReturnType<typeof makeFolder>;
  let time: Time;
  beforeEach(() => {
    folder = makeFolder();
    time = makeTime();
  });
  afterEach(() => folder.end());

  const path = () => join(folder.dir, 'keys-acme.postern');
  const write = async (changes: Parameters<typeof openState>[2] = {}, of = identity) => {
    const {state} = openState(folder.dir, time, changes);
    const isWritten = await state.keep('keys acme', of).offer(time.steady, () => texts);
    await state.close();
    return isWritten;
  };
  const read = async (changes: Changes = {}, of = identity, oldest = hour, name = 'keys acme') => {
    const {state, said, seen} = openState(folder.dir, time, changes);
    const found = await state.keep(name, of).read(oldest);
    return {found, said, seen};
  };
  const refused = async (why: RegExp, changes?: Changes, of?: string) => {
    const {found, said, seen} = await read(changes, of);
    assert.equal(found, undefined);
    assert.match(said.join('\n'), why);
    assert.match(said.join('\n'), /keys-acme\.postern is ignored/);
    assert.deepEqual(seen, ['read keys acme ignored']);
  };

  it('is what was written, with its age, in a file that is its owner’s alone', async () => {
    assert.equal(await write(), true);
    pass(time, 42_000);
    const {found, said, seen} = await read();
    assert.deepEqual(found, {asOf: time.steady - 42_000, texts, where: path()});
    assert.match(said.join(), /keys acme: those of 2027-01-15T08:00:00\.000Z, 42 s old, were read from/);
    assert.deepEqual(seen, ['read keys acme used']);
    assert.deepEqual(folder.files(), ['keys-acme.postern']);
    assert.equal(readFileSync(path(), 'utf8').split('\n')[0], 'postern-state 1 keys acme');
  });

  it('is nothing where nothing was written, without a word', async () => {
    const {found, said, seen} = await read();
    assert.deepEqual([found, said, seen], [undefined, [], ['read keys acme none']]);
  });

  it('every single byte that is changed, left out or added makes it worthless, and nothing throws', async function () {
    this.timeout(120_000);
    await write();
    const whole = readFileSync(path());
    const isRefused = async (bytes: Buffer, what: string) => {
      writeFileSync(path(), bytes, {mode: 0o600});
      assert.equal((await read()).found, undefined, what);
    };
    for (let at = 0; at < whole.length; at++) {
      for (const value of [(whole[at] as number) ^ 1, (whole[at] as number) ^ 0x80, 0x0a, 0x0d, 0x20, 0x00, 0xf0]) {
        if (value === whole[at]) continue;
        const changed = Buffer.from(whole);
        changed[at] = value;
        await isRefused(changed, `byte ${at} as ${value}`);
      }
      await isRefused(whole.subarray(0, at), `cut at ${at}`);
      await isRefused(Buffer.concat([whole.subarray(0, at), whole.subarray(at + 1)]), `without ${at}`);
    }
    for (const added of ['\n', ' ', 'x', 'x\n', whole])
      await isRefused(Buffer.concat([whole, Buffer.from(added)]), 'more');
    const lines = whole.toString().split('\n');
    const exchanged = [lines[0], lines[1], lines[3], lines[2], ...lines.slice(4)].join('\n');
    await isRefused(Buffer.from(exchanged), 'lines exchanged');
    writeFileSync(path(), whole, {mode: 0o600});
    assert.deepEqual((await read()).found?.texts, texts);
  });

  it('lines of two writings do not mix', async () => {
    await write();
    const first = readFileSync(path(), 'utf8').split('\n');
    await write();
    const second = readFileSync(path(), 'utf8').split('\n');
    writeFileSync(path(), [first[0], first[1], ...second.slice(2)].join('\n'));
    await refused(/its seal does not hold/);
  });

  const refusals: readonly [string, () => void | Promise<void>, RegExp, Changes?, string?][] = [
    ['another key', () => {}, /its seal does not hold.*state\.sealKey/, {key: 'another key, of 32 characters....'}],
    [
      'another issuer',
      () => {},
      /it was kept for https:\/\/id\.acme\.example, and the settings say https:\/\/other\.example/,
      {},
      'https://other.example',
    ],
    [
      'a newer version',
      () => rewrite(/^postern-state 1 /, 'postern-state 2 '),
      /a newer version.*\(form 2; this one reads 1\)/,
    ],
    ['something else', () => writeFileSync(path(), 'hello\n'), /no file of Postern/],
    ['nothing in it', () => writeFileSync(path(), ''), /cut off/],
    ['what is no text', () => writeFileSync(path(), Buffer.from([0xff, 0xfe, 0x0a])), /no text/],
    [
      'a folder',
      () => {
        rmSync(path());
        mkdirSync(path());
      },
      /no plain file/,
    ],
    [
      'a link',
      () => {
        renameSync(path(), `${path()}.away`);
        symlinkSync(`${path()}.away`, path());
      },
      /symbolic link/,
    ],
    ['a file that everybody may write to', () => chmodSync(path(), 0o666), /everybody may write/],
    ['too long a file', () => {}, /longer than state\.maxBytes/, {maxBytes: 50}],
    ['what is too old', () => pass(time, hour + 1_000), /3601 s old, and more than 3600 s is too old/],
    ['what another user owns', () => {}, /belongs to user \d+, and this process runs as 4711/, {owner: 4711}],
    [
      'another thing in its place',
      async () => {
        const {state} = openState(folder.dir, time);
        await state.keep('keys other', identity).offer(0, () => texts);
        renameSync(join(folder.dir, 'keys-other.postern'), path());
      },
      /its seal does not hold/,
    ],
  ];
  const rewrite = (from: RegExp, to: string) => writeFileSync(path(), readFileSync(path(), 'utf8').replace(from, to));
  for (const [what, change, why, changes, of] of refusals) {
    it(`${what} is ignored, and the log says why`, async () => {
      await write();
      await change();
      await refused(why, changes, of);
    });
  }

  it('a file of another user is ignored by who does not own it', async function () {
    if (process.geteuid?.() !== 0) return this.skip();
    await write();
    chownSync(path(), 4711, 4711);
    await refused(/belongs to user 4711, and this process runs as 0: remove it/);
  });

  describe('its age', () => {
    const ageNow = async () => {
      const {found} = await read();
      return found && time.steady - found.asOf;
    };
    it('goes by the uptime of the machine where the wall clock was put back', async () => {
      await write();
      pass(time, 1_800_000);
      time.wall -= 1_800_000;
      assert.equal(await ageNow(), 1_800_000);
      time.wall -= 24 * hour;
      assert.equal(await ageNow(), 1_800_000);
      pass(time, 1_800_001);
      assert.equal(await ageNow(), undefined);
    });
    it('cannot be told on another start of the machine whose clock is behind what was written', async () => {
      await write();
      pass(time, 1_000);
      Object.assign(time, {boot: 'boot-2', uptime: 100, wall: time.wall - 24 * hour});
      await refused(/still to come: a clock was put back/);
    });
    it('is counted from when something was last written there, by a clock that is behind that a little', async () => {
      await write();
      Object.assign(time, {boot: 'boot-2', uptime: 100, wall: time.wall - 30_000});
      assert.equal(typeof (await ageNow()), 'number');
    });
    it('is the greater one where the clock went ahead', async () => {
      await write();
      time.wall += 1_000_000;
      assert.equal(await ageNow(), 1_000_000);
    });
    it('is by the wall clock where the machine does not name its starts', async () => {
      time.boot = undefined;
      await write();
      pass(time, 5_000);
      assert.equal(await ageNow(), 5_000);
    });
    it('is older, never younger, for what was old when it was offered', async () => {
      const {state} = openState(folder.dir, time);
      await state.keep('keys acme', identity).offer(time.steady - 600_000, () => texts);
      pass(time, 1_000);
      assert.equal(await ageNow(), 601_000);
    });
  });

  it('what nobody uses any more is held and shown no longer; what it offered is written all the same', async () => {
    const {state} = openState(folder.dir, time);
    for (let tenant = 0; tenant < 1_000; tenant++) {
      const made = state.keep(`keys acme ${tenant}`, `https://${tenant}.example`);
      made.used(true);
      made.end();
    }
    assert.deepEqual(state.shown(), []);
    const [before, after] = [state.keep('keys acme', identity), state.keep('keys acme', identity)];
    const written = before.offer(time.steady, () => texts);
    before.end();
    before.end();
    assert.deepEqual(
      state.shown().map(({kept}) => kept),
      ['keys acme'],
      'the one after a reload has it still',
    );
    after.end();
    assert.equal(await written, true);
    assert.deepEqual((await read()).found?.texts, texts);
    await state.close();
  });

  describe('under another key', () => {
    const [old, next] = ['the key of before, of 32 characters', 'the key of after, of 32 characters.'];
    const readBy = (key: string, name = 'keys acme', of = identity) => read({key}, of, hour, name);

    it('all that stands there is sealed anew, as old as it is, used or not; then the old key is needed no more', async () => {
      const before = openState(folder.dir, time, {key: old});
      await before.state.keep('keys acme 3f2a', 'https://3f2a.acme.example').offer(time.steady, () => texts);
      await before.state.close();
      const seal = makeSeal(old, 'state');
      const {state, said} = openState(folder.dir, time, {seal});
      await state.keep('keys acme', identity).offer(time.steady, () => texts);
      pass(time, 42_000);
      seal.renew([old, next]);
      await state.resealed();
      assert.equal((await readBy(next)).found, undefined, 'the old one seals');
      seal.renew([next, old]);
      await state.resealed();
      await state.resealed();
      for (const [name, of] of [
        ['keys acme', identity],
        ['keys acme 3f2a', 'https://3f2a.acme.example'],
      ] as const) {
        const {found} = await readBy(next, name, of);
        assert.deepEqual([found?.asOf, found?.texts], [time.steady - 42_000, texts], name);
        assert.equal((await readBy(old, name, of)).found, undefined);
      }
      assert.deepEqual(
        said.filter((line) => /sealed/.test(line)),
        ['info state: 2 files that another key had sealed are sealed with the first of sealKey now'],
      );
      assert.deepEqual(folder.files(), ['keys-acme-3f2a.postern', 'keys-acme.postern']);
      await state.close();
    });

    it('what no key opens, and what is another’s, stays as it is', async () => {
      await write({key: 'a key that nobody knows any more, 32'});
      writeFileSync(join(folder.dir, 'foreign.postern'), 'hello\n');
      writeFileSync(join(folder.dir, 'cut.postern'), readFileSync(path()).subarray(0, 200));
      const before = folder.files().map((file) => readFileSync(join(folder.dir, file)));
      const {state} = openState(folder.dir, time, {seal: makeSeal([next, old], 'state')});
      await state.resealed();
      assert.deepEqual(
        folder.files().map((file) => readFileSync(join(folder.dir, file))),
        before,
      );
      assert.equal(state.health().state, 'ready');
      await state.close();
    });

    it('what cannot be written is told, and tried again', async () => {
      await write({key: old});
      let retry = () => {};
      const room = {maxBytes: 10_000, seal: makeSeal([next, old], 'state')};
      let isFull = true;
      const {state, said, seen} = openState(folder.dir, time, {
        ...room,
        newId: () => {
          if (isFull) throw Object.assign(new Error('no room'), {code: 'ENOSPC'});
          return crypto.randomUUID();
        },
        after: (_, run) => {
          retry = run;
          return () => {};
        },
      });
      await state.resealed();
      assert.match(
        said.join(),
        /what another key has sealed cannot be written to .*: the disk is full.*; that key is still needed/,
      );
      assert.equal(state.health().state, 'degraded');
      assert.ok((await readBy(old)).found !== undefined);
      isFull = false;
      retry();
      await state.close();
      assert.ok((await readBy(next)).found !== undefined);
      assert.deepEqual(seen, ['wrote seal failure', 'wrote seal success']);
    });

    it('does not write over what somebody else has written there meanwhile', async () => {
      await write({key: old});
      let isFirst = true;
      const {state} = openState(folder.dir, time, {
        seal: makeSeal([next, old], 'state'),
        newId: () => {
          if (isFirst) copyFileSync(newer, path());
          isFirst = false;
          return crypto.randomUUID();
        },
      });
      const other = makeFolder();
      const writer = openState(other.dir, time, {key: old});
      await writer.state.keep('keys acme', identity).offer(time.steady, () => ['"newer"']);
      await writer.state.close();
      const newer = join(other.dir, 'keys-acme.postern');
      await state.resealed();
      assert.deepEqual((await readBy(next)).found?.texts, ['"newer"']);
      await state.close();
      other.end();
    });
  });

  describe('two of one name, as a reload has them for a while', () => {
    const other = 'https://other.example';
    const stage = (pause = 60_000) => {
      const {state, seen} = openState(folder.dir, time);
      const keep = (of = identity) => state.keep('keys acme', of, pause);
      return {state, seen, keep};
    };

    it('what waits of the one before is not written over what the one after has written', async () => {
      const {state, keep} = stage();
      const before = keep();
      assert.equal(await before.offer(0, () => ['1']), true);
      const waiting = before.offer(0, () => ['2']);
      const after = keep(other);
      assert.equal(await after.offer(0, () => texts), true);
      assert.equal(await waiting, false);
      assert.equal(await before.offer(0, () => ['3']), false);
      before.end();
      await state.close();
      assert.deepEqual((await read({}, other)).found?.texts, texts);
    });

    it('nor where the one before goes before the one after has anything to write', async () => {
      const {state, keep} = stage();
      const before = keep();
      await before.offer(0, () => ['1']);
      const waiting = before.offer(0, () => ['2']);
      const after = keep(other);
      before.end();
      assert.equal(await waiting, false);
      assert.equal(await after.offer(0, () => texts), true);
      await state.close();
      assert.deepEqual((await read({}, other)).found?.texts, texts);
    });

    it('nor where it could not be written, and would be tried again', async () => {
      let runs: (() => void)[] = [];
      const {state} = openState(folder.dir, time, {
        after: (_, run) => {
          runs.push(run);
          return () => {
            runs = runs.filter((one) => one !== run);
          };
        },
      });
      const before = state.keep('keys acme', identity);
      const failing = before.offer(0, () => {
        throw new Error('no');
      });
      const after = state.keep('keys acme', other);
      const written = after.offer(0, () => texts);
      assert.deepEqual([await failing, await written], [false, true]);
      pass(time, 60_000);
      for (const run of runs) run();
      await state.close();
      assert.deepEqual((await read({}, other)).found?.texts, texts);
    });

    it('of one identity the later one has the place, until it goes', async () => {
      const {state, keep} = stage(0);
      const [before, after] = [keep(), keep()];
      const both = () => Promise.all([before.standing(), after.standing()]);
      assert.equal(await before.standing(), 'lost');
      assert.equal(await before.offer(0, () => ['1']), true);
      assert.deepEqual(await both(), ['ours', 'another']);
      const written = after.offer(0, () => ['2']);
      assert.equal(await after.standing(), 'to be written');
      await written;
      assert.deepEqual(await both(), ['another', 'ours']);
      assert.equal(await before.offer(0, () => ['3']), false);
      after.end();
      assert.equal(await before.standing(), 'lost', 'the reload was refused: what stands there is not of this one');
      assert.equal(await before.offer(0, () => ['4']), true);
      assert.equal(await before.standing(), 'ours');
      await state.close();
      assert.deepEqual((await read()).found?.texts, ['4']);
    });

    it('who comes when the last one has gone finds the place free', async () => {
      const {state, keep} = stage();
      const before = keep();
      await before.offer(0, () => ['1']);
      const waiting = before.offer(0, () => ['2']);
      before.end();
      assert.equal(await waiting, true);
      const after = keep(other);
      assert.equal(await after.offer(0, () => texts), true);
      pass(time, 60_000);
      await state.close();
      assert.deepEqual((await read({}, other)).found?.texts, texts);
    });
  });

  it('two processes see which of them has written last, and whether anybody goes on', async () => {
    const [one, two] = [openState(folder.dir, time).state, openState(folder.dir, time).state];
    const [mine, theirs] = [one.keep('keys acme', identity, 0), two.keep('keys acme', identity, 0)];
    const both = () => Promise.all([mine.standing(), theirs.standing()]);
    await mine.offer(0, () => ['1']);
    assert.deepEqual(await both(), ['ours', 'lost']);
    await theirs.offer(0, () => ['2']);
    assert.deepEqual(await both(), ['another process', 'ours']);
    assert.equal(await mine.unchangedFor(), 0);
    pass(time, 42_000);
    assert.equal(await mine.unchangedFor(), 42_000);
    await theirs.offer(0, () => ['3']);
    assert.equal(await mine.unchangedFor(), 0);
    rmSync(path());
    assert.deepEqual(await both(), ['lost', 'lost']);
    await Promise.all([one.close(), two.close()]);
  });

  describe('writing', () => {
    it('is not done for each change: what came last is written', async () => {
      const {state, seen} = openState(folder.dir, time);
      const kept = state.keep('keys acme', identity, 60_000);
      const first = kept.offer(0, () => ['1']);
      const results = await Promise.all([first, ...[2, 3, 4].map((n) => settled(kept.offer(0, () => [String(n)])))]);
      assert.equal(results[0], true);
      await state.close();
      assert.deepEqual(seen, ['wrote keys acme success', 'wrote keys acme success']);
      assert.deepEqual((await read()).found?.texts, ['4']);
    });
    it('a folder that cannot be made is told of, and tried again', async () => {
      const {state, said, seen} = openState(join(path(), 'below'), time);
      writeFileSync(path(), 'a file in the way');
      void state.keep('keys acme', identity).offer(0, () => texts);
      while (seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      assert.match(said.join(), /keys acme cannot be written.*no folder \(ENOTDIR\); deciding goes on without/);
      const {state: is, detail} = state.health();
      assert.equal(is, 'degraded');
      assert.match(detail ?? '', /keys acme cannot be written to .*: a part of its path is no folder/);
      rmSync(path());
      await state.close();
      assert.equal(state.health().state, 'ready');
    });
    it('what is too long is not written, and what was there before stays', async () => {
      await write();
      const {state, said} = openState(folder.dir, time, {maxBytes: 1_000});
      void state.keep('keys acme', identity).offer(0, () => ['x'.repeat(2_000)]);
      await state.close();
      assert.match(said.join(), /longer than state\.maxBytes, 1000 bytes: raise that/);
      assert.deepEqual(folder.files(), ['keys-acme.postern']);
      assert.deepEqual((await read()).found?.texts, texts);
    });
    it('a text that fails while it is made leaves nothing half', async () => {
      await write();
      const {state} = openState(folder.dir, time);
      void state.keep('keys acme', identity).offer(0, function* () {
        yield '1';
        throw new Error('a bug');
      });
      await state.close();
      assert.deepEqual(folder.files(), ['keys-acme.postern']);
      assert.deepEqual((await read()).found?.texts, texts);
    });
    it('two processes write to one folder: one of both stands there, whole', async () => {
      const two = [1, 2].map((n) => ({n, ...openState(folder.dir, time)}));
      for (let round = 0; round < 20; round++) {
        await Promise.all(
          two.map(({n, state}) => state.keep('keys acme', identity, 0).offer(0, () => Array(500).fill(`"${n}"`))),
        );
        const {found} = await read();
        assert.equal(new Set(found?.texts).size, 1);
        assert.equal(found?.texts.length, 500);
      }
      assert.deepEqual(folder.files(), ['keys-acme.postern']);
    });
  });
});

/** A promise that need not settle. */
const settled = <T>(promise: Promise<T>): Promise<T | undefined> =>
  Promise.race([promise, new Promise<undefined>((resolve) => setTimeout(resolve, 20, undefined))]);
