// How long does a large file of entitlements or keys hold up decisions? `node bench/blocks.ts [grants]`: each is read as the
// program reads it, while the event loop turns; told is the longest turn, by the clock and in CPU of this thread alone
// (a machine that does other things at the same time makes the clock's longer). With `node --expose-gc` the collector is
// not busy with the benchmark's own texts.
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setImmediate as nextTurn} from 'node:timers/promises';
import type {Snapshot} from '../src/core/entitlement.ts';
import {loadEntitlementIndex} from '../src/core/entitlementIndex.ts';
import {packSnapshot, unpackSnapshot} from '../src/entitlements/packed.ts';
import {compilePattern} from '../src/entitlements/pattern.ts';
import {type Reading, readingOf} from '../src/entitlements/reading.ts';
import {keysOf} from '../src/providers/keyFileReading.ts';
import {aside} from '../src/wiring/aside.ts';

const many = Number(process.argv[2] ?? 1_000_000);
const folder = mkdtempSync(join(tmpdir(), 'postern-blocks-'));

/** Turns the event loop as fast as it goes while something runs. */
const measured = async (what: string, run: () => Promise<unknown>): Promise<void> => {
  // What this benchmark itself has thrown away is collected first: the program has no such heap.
  globalThis.gc?.();
  await new Promise((resolve) => setTimeout(resolve, 200));
  let running = true;
  const longest = {clock: 0, cpu: 0};
  const cpu = () => {
    const {user, system} = process.threadCpuUsage();
    return (user + system) / 1_000;
  };
  const turning = (async () => {
    let [clock, spent] = [performance.now(), cpu()];
    while (running) {
      await nextTurn();
      const now = [performance.now(), cpu()] as const;
      longest.clock = Math.max(longest.clock, now[0] - clock);
      longest.cpu = Math.max(longest.cpu, now[1] - spent);
      [clock, spent] = now;
    }
  })();
  const began = performance.now();
  await run();
  const took = performance.now() - began;
  running = false;
  await turning;
  console.log(
    `${what}: ${(took / 1_000).toFixed(1)} s; longest turn ${longest.clock.toFixed(0)} ms, ` +
      `of which this thread's CPU at most ${longest.cpu.toFixed(1)} ms`,
  );
};

const buildIndex = (snapshot: Snapshot) => loadEntitlementIndex(snapshot, {compilePattern, pause: nextTurn});
const snapshotOf = (reading: Reading): Snapshot => {
  if ('snapshot' in reading) return reading.snapshot;
  throw new Error(JSON.stringify(reading).slice(0, 500));
};
const tenants = (count: number) => Array.from({length: count}, (_, at) => `tenant-${at}`);
const head = {features: {orders: {permissions: []}}, plans: {pro: {features: ['orders']}}};
const json = (count: number) =>
  JSON.stringify({...head, grants: tenants(count).map((tenant) => ({plan: 'pro', tenant}))});
const yaml = (count: number) =>
  `features: {orders: {}}\nplans: {pro: {features: [orders]}}\ngrants:\n${tenants(count)
    .map((tenant) => `  - {plan: pro, tenant: ${tenant}}`)
    .join('\n')}\n`;
const lines = (count: number) =>
  ['{"feature":"orders"}', '{"plan":"pro","features":["orders"]}']
    .concat(tenants(count).map((tenant) => `{"grant":"pro","tenant":"${tenant}"}`))
    .join('\n');
const keys = (count: number) =>
  `keys:\n${tenants(count)
    .map((id) => `  - {id: ${id}, hash: 'sha256:${id.padEnd(43, 'x')}', subject: ${id}, roles: [a, b]}`)
    .join('\n')}\n`;

const ofFile = async (name: string, text: string) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  await measured(`${name}, ${(text.length / 2 ** 20).toFixed(1)} MiB`, async () =>
    buildIndex(snapshotOf(await readingOf(aside({read: 'entitlements file', path, known: undefined})))),
  );
};

await measured('nothing, for two seconds', () => new Promise((resolve) => setTimeout(resolve, 2_000)));
await ofFile(`${many}.jsonl`, lines(many));
await ofFile(`${many}.json`, json(many));
const body = json(Math.round(many * 0.3));
await measured(`an answer of ${Math.round(many * 0.3)} grants, ${(body.length / 2 ** 20).toFixed(1)} MiB`, async () =>
  buildIndex(snapshotOf(await readingOf(aside({read: 'entitlements', name: 'a.json', text: body, known: undefined})))),
);
await ofFile('8MiB.yaml', yaml(Math.round(many * 0.2)));
const text = keys(5_000);
await measured(`5000 keys, ${(text.length / 2 ** 20).toFixed(1)} MiB`, async () =>
  keysOf(aside({read: 'keys', text, provider: 'keys'})),
);
const reading = await readingOf(
  aside({read: 'entitlements file', path: join(folder, `${many}.jsonl`), known: undefined}),
);
const pieces: string[] = [];
await measured(`packing ${many} grants for Redis`, async () => {
  for (const piece of packSnapshot(snapshotOf(reading))) {
    pieces.push(piece);
    await nextTurn();
  }
});
await measured('and unpacking them', async () =>
  unpackSnapshot(
    (async function* () {
      for (const piece of pieces) {
        await nextTurn();
        yield piece;
      }
    })(),
  ),
);
rmSync(folder, {recursive: true});
