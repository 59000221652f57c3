// What revocations cost a process: a million of them read from a real Redis, looked up, kept. `node bench/revocations.ts [how many]`.
import {randomUUID} from 'node:crypto';
import {monitorEventLoopDelay} from 'node:perf_hooks';
import {setImmediate, setTimeout as sleep} from 'node:timers/promises';
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import type {Principal} from '../src/core/principal.ts';
import {makeRevocationSet} from '../src/core/revocation/revocationSet.ts';
import {makeFeed} from '../src/store/feed.ts';
import {openRedis} from '../src/store/redis.ts';
import {named} from '../src/store/revocationForm.ts';
import {makeRevocationRedis} from '../src/store/revocationRedis.ts';
import {makeSeal} from '../src/store/seal.ts';
import {redisSettings, revocationSettings} from '../src/store/settings.ts';
import {startRedis} from '../test/support/redis.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const count = Number(process.argv[2] ?? 1_000_000);
const batch = 100;
const say = (what: string, value: string) => console.log(`${what.padEnd(44)} ${value}`);
const of = (at: number) => ({sessionId: `1b9d6bcd-bbfd-4b2d-9b5d-${String(at).padStart(12, '0')}`});
const principal = (at: number): Principal => ({
  ...of(at),
  provider: 'acme',
  kind: 'user',
  subject: `u${at}`,
  tenant: 't1',
  roles: [],
  permissions: [],
  scopes: [],
  claims: {},
  amr: [],
  issuedAt: 1,
});

const redis = await startRedis();
const settings = redisSettings.parse({url: redis.url, sealKey: 'a seal key of the benchmark'});
const random = () => Math.random();
const open = (purpose: string) => openRedis(settings, {purpose, timeout: 10_000, random});
const connections = [open('feed'), open('announce')] as const;
const [reading, writing] = connections;
const revocations = makeRevocationRedis({
  reading,
  writing,
  prefix: settings.prefix,
  seal: makeSeal(settings.sealKey),
  newMark: randomUUID,
});
while (!reading.ready() || !writing.ready()) await sleep(10);

const now = Date.now();
for (let from = 0; from < count; from += 20 * batch) {
  const writes = Array.from({length: 20}, (_, step) => {
    const elements = Array.from({length: Math.max(0, Math.min(batch, count - from - step * batch))}, (_, at) => {
      const one = from + step * batch + at;
      return named({...of(one), at: now, expires: now + 86_400_000 + one, salt: 'abcdefgh'});
    });
    return elements.length === 0 ? undefined : revocations.write(elements);
  });
  await Promise.all(writes);
}
const [, used] = /used_memory:(\d+)/.exec(String(await writing.call('INFO', 'memory'))) ?? [];
say('in Redis, bytes a revocation', (Number(used) / count).toFixed(0));

const collected = async () => {
  for (let times = 0; times < 3; times++) {
    collectGarbage();
    await sleep(100);
  }
  const {heapUsed, arrayBuffers} = process.memoryUsage();
  return heapUsed + arrayBuffers;
};
const before = await collected();
let last = Number.POSITIVE_INFINITY;
const set = makeRevocationSet(Math.floor(random() * 2 ** 32));
const feed = makeFeed({
  redis: revocations,
  set,
  settings: revocationSettings.parse({}),
  dropsMatter: 60_000,
  now: Date.now,
  steady: () => performance.now(),
  random,
  newId: randomUUID,
  sleep: (milliseconds) => sleep(milliseconds),
  pause: async () => {
    longest = Math.max(longest, usage() - last);
    await setImmediate();
    last = usage();
  },
});
/** Milliseconds of processor between two turns of the event loop: what it waits on a machine with nothing else to do. */
let longest = 0;
const usage = () => {
  const {user, system} = process.threadCpuUsage();
  return (user + system) / 1_000;
};
const delay = monitorEventLoopDelay({resolution: 1});
delay.enable();
const cpu = process.cpuUsage();
const began = performance.now();
const starting = feed.start();
while (feed.lost()) await sleep(5);
const took = performance.now() - began;
const {user, system} = process.cpuUsage(cpu);
await starting;
delay.disable();
say('revocations', String(set.size));
say('read whole, s (s of processor)', `${(took / 1_000).toFixed(1)} (${((user + system) / 1e6).toFixed(1)})`);
say('longest time that the event loop waited, ms', (delay.max / 1e6 - 1).toFixed(1));
say('longest piece of work, ms of processor', longest.toFixed(1));
say('the same, 99.9th percentile', (delay.percentile(99.9) / 1e6 - 1).toFixed(1));
say('in the process, bytes a revocation', (((await collected()) - before) / count).toFixed(0));

const asked = Array.from({length: 1_000}, (_, at) => principal(at % 2 === 0 ? (at * 997) % count : count + at));
for (const [what, from] of [
  ['a look-up that finds, ns', 0],
  ['a look-up that finds nothing, ns', 1],
] as const) {
  const times = 1_000_000;
  let found = 0;
  const start = performance.now();
  for (let at = 0; at < times; at++) if (feed.revoked(asked[(2 * at + from) % 1_000] as Principal, 0)) found++;
  say(what, `${(((performance.now() - start) / times) * 1e6).toFixed(0)} (${found} of ${times} refused)`);
}

delay.reset();
delay.enable();
await sleep(5_000);
delay.disable();
say('longest wait while it is followed, ms', (delay.max / 1e6 - 1).toFixed(1));
delay.reset();
delay.enable();
const pruning = performance.now();
const pruned = set.size;
longest = 0;
last = usage();
for (const _ of set.sweep(Number.MAX_SAFE_INTEGER)) {
  longest = Math.max(longest, usage() - last);
  await setImmediate();
  last = usage();
}
delay.disable();
say(`forgetting ${pruned}, s`, ((performance.now() - pruning) / 1_000).toFixed(1));
say('longest piece of work, ms of processor', longest.toFixed(1));
say('longest wait meanwhile, ms', (delay.max / 1e6 - 1).toFixed(1));

await feed.close();
await writing.close();
await redis.stop();
process.exit();
