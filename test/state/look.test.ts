// What `postern doctor` says of a state directory.
import assert from 'node:assert/strict';
import {rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Settings} from '../../src/config/schema.ts';
import {stateTrials} from '../../src/wiring/doctor/state.ts';
import {makeFolder, makeTime, openState, sealKey} from './support.ts';

describe('what doctor says of a state directory', () => {
  let folder: ReturnType<typeof makeFolder>;
  beforeEach(() => {
    folder = makeFolder();
  });
  afterEach(() => folder.end());
  const tried = async (key = sealKey) => {
    const [named] = stateTrials({state: {dir: folder.dir, sealKey: key, stale: 1, maxBytes: 1_000_000}} as Settings);
    assert.equal(`${named?.part} ${named?.trial.what}`, 'state folder');
    return named?.trial.run(Number.POSITIVE_INFINITY);
  };

  it('without the setting: nothing', () => assert.deepEqual(stateTrials({} as Settings), []));
  it('that is not there yet', async () => {
    rmSync(folder.dir, {recursive: true});
    const {found, doubt} = (await tried()) ?? {};
    assert.match(found ?? '', /is not there yet; a start makes it/);
    assert.equal(doubt, true);
  });
  it('what is in it, for whom and how old; and leaves nothing there', async () => {
    const {state} = openState(folder.dir, {...makeTime(), wall: Date.now() - 42_000, boot: undefined});
    await state.keep('keys acme', 'the issuer https://id.example').offer(0, () => ['{}']);
    const journal = state.journal('revocations', 'no Redis');
    journal.begin(
      () => ['"a"', '"b"'],
      () => 0,
    );
    await journal.written();
    await state.close();
    const before = folder.files();
    const {found = '', doubt} = (await tried()) ?? {};
    assert.match(found, /can be written to; keys-acme\.postern: 4\d s old, for the issuer https:\/\/id\.example/);
    assert.match(found, /revocations-\S+\.postern: \d lines, for no Redis/);
    assert.equal(doubt, undefined);
    assert.deepEqual(folder.files(), before);
    const other = await tried('another key of thirty-two chars..');
    assert.equal(other?.doubt, true);
    assert.match(other?.found ?? '', /keys-acme\.postern would be ignored: its seal does not hold/);
  });
  it('where nothing can be written', async () => {
    folder.end();
    writeFileSync(folder.dir, '');
    await assert.rejects(tried, ({cause}: Error) =>
      /cannot be written to: a part of its path is no folder/.test(String(cause)),
    );
    rmSync(join(folder.dir));
  });
});
