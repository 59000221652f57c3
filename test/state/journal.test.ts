// What only becomes more: on the disk at once, from whoever has written there.
import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import {join} from 'node:path';
import {makeSeal} from '../../src/store/seal.ts';
import {makeFolder, makeTime, openState, pass, type Time} from './support.ts';

const identity = 'redis 127.0.0.1:6379 prefix postern:';

describe('a journal on disk', () => {
  let folder: ReturnType<typeof makeFolder>;
  let time: Time;
  beforeEach(() => {
    folder = makeFolder();
    time = makeTime();
  });
  afterEach(() => folder.end());

  const begun = async (all: string[] = [], changes: Parameters<typeof openState>[2] = {}) => {
    const opened = openState(folder.dir, time, changes);
    const journal = opened.state.journal('revocations', identity);
    const read = await journal.read();
    const known = new Set([...read.texts, ...all]);
    journal.begin(
      () => known,
      () => time.steady,
    );
    await journal.written();
    const add = (text: string) => {
      known.add(text);
      journal.add(text);
    };
    return {...opened, journal, read, add};
  };
  const readAll = async (of = identity, changes: Parameters<typeof openState>[2] = {}) => {
    const {state, said} = openState(folder.dir, time, changes);
    const {texts, asOf} = await state.journal('revocations', of).read();
    return {texts: [...texts].sort(), asOf, said};
  };
  const only = () => join(folder.dir, folder.files().find((name) => name.endsWith('.postern')) ?? '');

  it('holds what was there at the start and what came later, at once', async () => {
    const {journal, add} = await begun(['"a"', '"b"']);
    add('"c"');
    add('"d"');
    await journal.written();
    // Without an end: as if it had been killed here.
    pass(time, 7_000);
    const {texts, asOf} = await readAll();
    assert.deepEqual(texts, ['"a"', '"b"', '"c"', '"d"']);
    assert.equal(asOf, time.steady - 7_000);
  });

  it('a line that was never written to its end is nothing; those before it count', async () => {
    const {journal, add} = await begun(['"a"']);
    add('"b"');
    await journal.written();
    const whole = readFileSync(only());
    for (let cut = 1; cut < 120; cut++) {
      truncateSync(only(), whole.length - cut);
      const {texts, said} = await readAll();
      assert.ok(texts.includes('"a"'), `cut ${cut}`);
      assert.ok(!said.join().includes('warn'), `cut ${cut}: ${said.join()}`);
      writeFileSync(only(), whole);
    }
  });

  it('lines that were changed are left out and told of; those around them count', async () => {
    await begun(['"a"', '"b"', '"c"']);
    writeFileSync(only(), readFileSync(only(), 'utf8').replace('"b"', '"x"'));
    const {texts, said} = await readAll();
    assert.deepEqual(texts, ['"a"', '"c"']);
    assert.match(said.join(), /1 lines were changed, and are ignored; the others count/);
  });

  it('no changed byte makes it say what was not written', async () => {
    await begun(['"a"', '"b"']);
    const whole = readFileSync(only());
    for (let at = 0; at < whole.length; at++) {
      const changed = Buffer.from(whole);
      changed[at] = (whole[at] as number) ^ 1;
      writeFileSync(only(), changed);
      for (const text of (await readAll()).texts) assert.match(text, /^"[ab]"$/, `byte ${at}`);
    }
  });

  it('of another Redis, prefix or key is ignored, and the log says why', async () => {
    await begun(['"a"']);
    const other = await readAll('redis 127.0.0.1:6379 prefix other:');
    assert.deepEqual(other.texts, []);
    assert.match(other.said.join(), /it was kept for redis .* prefix postern:, and the settings say .* prefix other:/);
    const key = await readAll(identity, {key: 'another key, of 32 characters....'});
    assert.deepEqual(key.texts, []);
    assert.match(key.said.join(), /its seal does not hold/);
  });

  it('two processes share a folder: each has a file, and whoever starts next reads both', async () => {
    const [first, second] = [await begun(['"a"']), await begun(['"b"'])];
    assert.deepEqual(second.read.texts, ['"a"']);
    first.add('"c"');
    second.add('"d"');
    await Promise.all([first.journal.written(), second.journal.written()]);
    assert.equal(folder.files().length, 2);
    assert.deepEqual([...new Set((await readAll()).texts)].sort(), ['"a"', '"b"', '"c"', '"d"']);
  });

  it('takes over what those left who are gone, and leaves no heap of files', async () => {
    for (let start = 0; start < 5; start++) {
      const {state, add} = await begun();
      add(`"${start}"`);
      await state.close();
      for (const name of folder.files()) {
        const path = join(folder.dir, name);
        const {mtimeMs} = statSync(path);
        utimesSync(path, mtimeMs / 1_000 - 100, mtimeMs / 1_000 - 100);
      }
    }
    const {texts} = await readAll();
    assert.deepEqual([...new Set(texts)], ['"0"', '"1"', '"2"', '"3"', '"4"']);
    assert.ok(folder.files().length <= 2, folder.files().join());
  });

  it('is written anew when somebody takes its file away', async () => {
    const {journal, add} = await begun(['"a"']);
    rmSync(only());
    add('"b"');
    await journal.written();
    assert.deepEqual((await readAll()).texts, ['"a"', '"b"']);
  });

  it('does not grow without end', async function () {
    this.timeout(60_000);
    const {journal} = await begun([`"${'x'.repeat(1_000)}"`]);
    for (let round = 0; round < 1_300; round++) journal.add(`"${'y'.repeat(1_000)}"`);
    await journal.written();
    journal.add('"z"');
    await journal.written();
    assert.ok(statSync(only()).size < 1_500_000);
  });

  it('a folder that cannot be written to is told of; it is all there once it can', async () => {
    if (process.geteuid?.() === 0) {
      // Root may write anywhere: a file stands where the folder should be.
      folder.end();
      writeFileSync(folder.dir, '');
    } else chmodSync(folder.dir, 0o500);
    const {journal, add, state, said} = await begun(['"a"']);
    assert.equal(state.health().state, 'degraded');
    assert.match(said.join(), /revocations cannot be written.*a restart may forget some/);
    add('"b"');
    await journal.written();
    if (process.geteuid?.() === 0) rmSync(folder.dir);
    else chmodSync(folder.dir, 0o700);
    journal.add('"b"');
    await journal.written();
    assert.deepEqual((await readAll()).texts, ['"a"', '"b"']);
    assert.equal(state.health().state, 'ready');
    await state.close();
  });

  it('under another key all is written anew, so that a start that has this one alone knows all', async () => {
    const [old, next] = ['the key of before, of 32 characters', 'the key of after, of 32 characters.'];
    const seal = makeSeal(old, 'state');
    const {journal, state, add} = await begun(['"a"'], {seal});
    add('"b"');
    await journal.written();
    seal.renew([next, old]);
    state.resealed();
    add('"c"');
    await journal.written();
    const {texts, said} = await readAll(identity, {key: next});
    assert.deepEqual(texts, ['"a"', '"b"', '"c"'], said.join());
    assert.doesNotMatch(readFileSync(only(), 'utf8'), /the key of/);
  });

  it('what was read too late to be among what is written stays where it is', async () => {
    const left = await begun(['"a"']);
    await left.state.close();
    const path = only();
    const {mtimeMs} = statSync(path);
    utimesSync(path, mtimeMs / 1_000 - 100, mtimeMs / 1_000 - 100);

    const {state} = openState(folder.dir, time);
    const journal = state.journal('revocations', identity);
    const reading = journal.read();
    journal.begin(
      () => [],
      () => time.steady,
    );
    assert.deepEqual((await reading).texts, ['"a"']);
    await journal.written();
    state.resealed();
    await journal.written();
    assert.ok(existsSync(path), 'it was taken away, and nobody else has it');
    await state.close();
  });

  it('what others append to it by hand is nothing', async () => {
    await begun(['"a"']);
    appendFileSync(only(), '1.9007199254740991..{"tenant":"t1"}\n{}\n');
    assert.deepEqual((await readAll()).texts, ['"a"']);
  });
});
