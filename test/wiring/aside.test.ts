// Large texts are read in a thread of their own: the same comes of it, and the event loop goes on turning meanwhile.
import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setImmediate as nextTurn} from 'node:timers/promises';
import {packSnapshot, unpackSnapshot} from '../../src/entitlements/packed.ts';
import {readingOf, readPieces} from '../../src/entitlements/reading.ts';
import {keyPieces, keysOf} from '../../src/providers/keyFileReading.ts';
import {aside} from '../../src/wiring/aside.ts';
import type {Job} from '../../src/wiring/asideJobs.ts';
import {grant, snapshot} from '../entitlements/rig.ts';
import {temporaryFolder} from '../support/ports.ts';

const grants = (count: number) => Array.from({length: count}, (_, at) => ({plan: 'pro', tenant: `tenant-${at}`}));
const document = (count: number) => ({
  features: {orders: {permissions: ['orders.read']}},
  plans: {pro: {features: ['orders'], rules: []}},
  flags: {orders: {on: true}},
  grants: grants(count),
});
const yaml = (count: number) =>
  `features: {orders: {}}\nplans: {pro: {features: [orders]}}\ngrants:\n${grants(count)
    .map(({tenant}) => `  - {plan: pro, tenant: ${tenant}}\n`)
    .join('')}`;
const keys = (count: number) =>
  `keys:\n${grants(count)
    .map(({tenant}, at) => `  - {id: ${tenant}, hash: 'sha256:${String(at).padEnd(43, 'x')}', subject: ${tenant}}\n`)
    .join('')}`;

const textsOf = async (pieces: AsyncIterable<string>): Promise<string[]> => {
  const texts: string[] = [];
  for await (const piece of pieces) texts.push(piece);
  return texts;
};

describe('reading aside', function () {
  this.timeout(60_000);
  const text = JSON.stringify(document(5_000));

  it('gives what reading on the spot gives: entitlements, keys, faults', async () => {
    const folder = temporaryFolder();
    const file = (name: string, content: string) => {
      const path = join(folder, name);
      writeFileSync(path, content);
      return path;
    };
    const known = undefined;
    const jobs: Extract<Job, {read: 'entitlements' | 'entitlements file'}>[] = [
      {read: 'entitlements', name: 'a.json', text, known},
      {read: 'entitlements', name: 'a.json', text: `${text.slice(0, -1)} `, known},
      {read: 'entitlements file', path: file('e.yaml', yaml(500)), known},
      {read: 'entitlements file', path: file('bad.yaml', `${yaml(500)}  - {plan: no, tenant: t}\n`), known},
      {read: 'entitlements file', path: join(folder, 'none.yaml'), known},
    ];
    for (const job of jobs) assert.deepEqual(await textsOf(aside(job)), await textsOf(readPieces(job)));
    const reading = await readingOf(aside(jobs[0] as Job));
    assert.ok('snapshot' in reading);
    assert.equal([...reading.snapshot.grants].length, 5_000);
    const again = await readingOf(aside({read: 'entitlements', name: 'a.json', text, known: reading.version}));
    assert.deepEqual(again, {version: reading.version, unchanged: true});

    const job = {read: 'keys', text: keys(250), provider: 'p'} as const;
    assert.deepEqual(await textsOf(aside(job)), await textsOf(keyPieces(job)));
    const found = await keysOf(aside(job));
    assert.ok('keys' in found);
    assert.equal(found.keys.size, 250);
    assert.deepEqual([...new Set([...found.keys.values()].map(({expires}) => expires))], [Number.POSITIVE_INFINITY]);
  });

  it('the event loop turns while YAML is read', async () => {
    let turns = 0;
    let reading = true;
    const turning = (async () => {
      for (; reading; turns++) await nextTurn();
    })();
    await readingOf(aside({read: 'entitlements', name: 'a.yaml', text: yaml(4_000), known: undefined}));
    reading = false;
    await turning;
    // On the spot it would be a handful: one for each piece.
    assert.ok(turns > 100, `${turns} turns`);
  });

  it('whoever stops listening ends the thread', async () => {
    for await (const _ of aside({read: 'entitlements', name: 'a.json', text, known: undefined})) break;
  });

  it('a date that could not be read has passed, also after it was packed', async () => {
    const ended = [Number.NaN, Number.NEGATIVE_INFINITY];
    const packed = packSnapshot(snapshot(...[null, 5, ...ended].map((expires) => grant('t1', 'pro', {expires}))));
    const unpacked = await unpackSnapshot(
      (async function* () {
        yield* packed;
      })(),
    );
    assert.deepEqual(
      [...(unpacked?.grants ?? [])].map(({expires}) => expires),
      [null, 5, 0, 0],
    );
  });
});
