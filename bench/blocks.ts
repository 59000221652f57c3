// How long does a large file of entitlements or keys hold up decisions? `node bench/blocks.ts [grants]`: each is read as the
// program reads it, while the event loop turns; told is the longest turn, by the clock and in CPU of this thread alone
// (a machine that does other things at the same time makes the clock's longer). With `node --expose-gc` the collector is
// not busy with the benchmark's own texts.
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setImmediate as nextTurn} from 'node:timers/promises';
import type {Snapshot} from '../src/core/entitlement/entitlement.ts';
import {loadEntitlementIndex} from '../src/core/entitlement/entitlementIndex.ts';
import type {RevocationElement} from '../src/core/revocation/revocation.ts';
import {makeRevocationSet} from '../src/core/revocation/revocationSet.ts';
import {packSnapshot, unpackSnapshot} from '../src/entitlements/packed.ts';
import {compilePattern} from '../src/entitlements/pattern.ts';
import {type Reading, readingOf} from '../src/entitlements/reading.ts';
import type {Log} from '../src/observe/log.ts';
import {silentMetrics} from '../src/observe/silentMetrics.ts';
import {keysOf} from '../src/providers/keyFileReading.ts';
import {named, writtenElement} from '../src/store/revocationForm.ts';
import {aside} from '../src/wiring/aside.ts';
import {clocks} from '../src/wiring/clocks.ts';
import {makeStateSeal, openState} from '../src/wiring/state.ts';

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
/** A state directory as the program has it. */
const open = (dir: string) => {
  const metrics = silentMetrics;
  const log = {info: () => {}, warn: (_: object, line: string) => console.log(line)} as unknown as Log;
  return openState({dir, stale: 0, maxBytes: 2 ** 30}, makeStateSeal({state: undefined}), {clocks, log, metrics});
};
const dir = join(folder, 'state');
const first = open(dir);
const packed = snapshotOf(reading);
await measured(`writing ${many} grants of a file or a service to disk`, () =>
  first.keep('entitlements', 'x').offer(0, () => packSnapshot(packed)),
);
const objects = {...packed, grants: [...packed.grants]};
await measured(`writing ${many} grants of Redis to disk`, () =>
  first.keep('objects', 'x').offer(0, () => packSnapshot(objects)),
);
await measured('and reading them', async () => open(dir).keep('entitlements', 'x').read(Number.POSITIVE_INFINITY));
const set = makeRevocationSet();
for (const [at, sessionId] of tenants(many).entries())
  set.add(named({sessionId, at, expires: 9e12}) as RevocationElement);
const journal = first.journal('revocations', 'x');
await measured(`writing ${many} revocations to disk`, async () => {
  function* all() {
    for (const element of set.elements()) yield writtenElement(element);
  }
  journal.begin(all, () => performance.now());
  await journal.written();
});
await measured('and reading them', () => open(dir).journal('revocations', 'x').read());
await first.close();
rmSync(folder, {recursive: true});
