// npm run bench: Postern's full decision beside an empty handler, in one run on one machine. Read the ratio: absolute
// numbers belong to the machine and the hour. Server and caller have a core each; rounds alternate; medians are shown, and
// the least, which a machine that others use tells more truly. What runs is the program of the image, with its flags.
// `-- --write` keeps the result in bench/results/ (docs/performance.md is made of it); `-- --check` compares with it, and
// fails where a ratio has become worse by more than 15 %.
import {type ChildProcess, execFileSync, fork, spawnSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import {availableParallelism, cpus} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {environment, nodeFlags} from '../src/launch.ts';
import {startIdentityProvider} from '../test/support/identityProvider.ts';
import {freePort, temporaryFolder} from '../test/support/ports.ts';
import {startPostern} from '../test/support/postern.ts';
import {endAll, start} from '../test/support/processes.ts';
import type {Measured, Order} from './support/load.ts';
import type {Result} from './support/result.ts';
import {exactCpuTime, memory} from './support/usage.ts';
import {entitlements, people, settings, writeMessages} from './support/workload.ts';

const rounds = 9;
const kept = new URL('results/latest.json', import.meta.url);
const mostLoss = 1.15;
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

const canPin = availableParallelism() > 1 && spawnSync('taskset', ['-c', '0', 'true']).status === 0;
const onCore = (core: number): string[] => (canPin ? ['taskset', '-c', `${core}`] : []);

interface Contestant {
  readonly title: string;
  readonly port: number;
  readonly pid: number;
  readonly messages: string;
}

interface Round {
  readonly loaded: Measured;
  /** Processor time of the server for one call under load, microseconds. */
  readonly cpuPerCall: number;
  readonly serial: Measured;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

const startCaller = (): {ask(order: Order): Promise<Measured>; child: ChildProcess} => {
  const [command, ...args] = [...onCore(1), process.execPath];
  const child = fork(here('support/load.ts'), {execPath: command ?? process.execPath, execArgv: args});
  const ask = (order: Order) =>
    new Promise<Measured>((resolve, reject) => {
      const ended = () => reject(new Error('the caller of the benchmark ended'));
      child.once('exit', ended);
      child.once('message', (measured) => {
        child.off('exit', ended);
        resolve(measured as Measured);
      });
      child.send(order);
    });
  return {ask, child};
};

const measure = async ({port, pid, messages}: Contestant, ask: (order: Order) => Promise<Measured>): Promise<Round> => {
  const before = exactCpuTime(pid);
  const loaded = await ask({port, messages, connections: 2, concurrency: 16, milliseconds: 2_000});
  const cpuPerCall = (exactCpuTime(pid) - before) / loaded.calls;
  const serial = await ask({port, messages, connections: 1, concurrency: 1, milliseconds: 700});
  for (const {failed} of [loaded, serial]) if (failed > 0) throw new Error(`${failed} calls failed`);
  return {loaded, cpuPerCall, serial};
};

const bench = async (): Promise<void> => {
  const folder = temporaryFolder();
  const identityProvider = await startIdentityProvider({people, audience: 'orders-api'});
  const [one, thousand] = [join(folder, 'one'), join(folder, 'thousand')];
  const size = await writeMessages(identityProvider, one, 1);
  await writeMessages(identityProvider, thousand, 1_000);

  const emptyPort = await freePort();
  const [command = '', ...args] = [...onCore(0), process.execPath, here('support/emptyServer.ts'), `${emptyPort}`];
  const empty = await start({name: 'empty server', command, args, ready: (output) => output.includes('ready')});
  const built = join(folder, 'built');
  execFileSync('sh', [fileURLToPath(new URL('../deploy/image.sh', import.meta.url)), 'program', '.', built], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    stdio: 'ignore',
  });
  const asImage = {
    files: {'entitlements.yaml': entitlements},
    under: onCore(0),
    nodeArgs: nodeFlags,
    env: environment,
    program: join(built, 'dist/src/main.js'),
  };
  const starts: number[] = [];
  for (let time = 0; time < 3; time++) {
    const begun = performance.now();
    const once = await startPostern(settings(identityProvider.issuer), asImage);
    starts.push(performance.now() - begun);
    await once.stop();
  }
  const postern = await startPostern(settings(identityProvider.issuer), asImage);
  const rest = {empty: memory(empty.pid), postern: memory(postern.process.pid)};
  const posternPort = Number(postern.address.split(':').at(-1));

  const contestants: Contestant[] = [
    {title: 'empty handler, grpc-js', port: emptyPort, pid: empty.pid, messages: one},
    {title: 'Postern, one token', port: posternPort, pid: postern.process.pid, messages: one},
    {title: 'Postern, 1,000 tokens', port: posternPort, pid: postern.process.pid, messages: thousand},
  ];
  const {ask, child} = startCaller();
  console.log(
    `${size} bytes a CheckRequest; ${rounds} rounds; ${canPin ? 'server and caller on a core each' : 'cores not pinned'}`,
  );
  for (const {port, messages} of contestants) {
    await ask({port, messages, connections: 2, concurrency: 16, milliseconds: 3_000});
  }
  const allowed = 'postern_decisions_total{rule="orders",outcome="allow",reason="none",provider="acme"}';
  const allowedBefore = (await postern.metric(allowed)) ?? 0;
  const results = contestants.map((): Round[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [at, contestant] of contestants.entries()) results[at]?.push(await measure(contestant, ask));
  }

  // A fast refusal must not pass for a fast decision: Postern's own count says that every call was allowed.
  const expected = results
    .slice(1)
    .flat()
    .reduce((sum, {loaded, serial}) => sum + loaded.calls + serial.calls, 0);
  const counted = ((await postern.metric(allowed)) ?? 0) - allowedBefore;
  if (counted !== expected)
    throw new Error(`Postern allowed ${counted} of ${expected} calls:\n${postern.logs().slice(-2_000)}`);

  const rows = contestants.map(({title, pid}, at) => {
    const of = (pick: (round: Round) => number) => median((results[at] ?? []).map(pick));
    return {
      '': title,
      'calls/s': Math.round(of((round) => round.loaded.perSecond)),
      'CPU us/call': Number(of((round) => round.cpuPerCall).toFixed(1)),
      'p50 ms': Number((of((round) => round.loaded.p50) / 1_000).toFixed(2)),
      'p99 ms': Number((of((round) => round.loaded.p99) / 1_000).toFixed(2)),
      'serial us': Math.round(of((round) => round.serial.mean)),
      'serial p99 us': Math.round(of((round) => round.serial.p99)),
      'RSS MiB': Math.round(memory(pid)),
      'caller busy': `${Math.round(of((round) => round.loaded.busy) * 100)} %`,
    };
  });
  console.table(Object.fromEntries(rows.map(({'': title, ...rest}) => [title, rest])));
  const ratio = (at: number) => ((rows[at]?.['CPU us/call'] ?? 0) / (rows[0]?.['CPU us/call'] ?? 1)).toFixed(2);
  console.log(
    `p50 and p99 with 2 connections x 16 calls under way. CPU a call: ${ratio(1)} times an empty handler with one token, ${ratio(2)} times with 1,000.`,
  );

  const least = (at: number, pick: (round: Round) => number) => Math.min(...(results[at] ?? []).map(pick));
  const ratioOf = (at: number, pick: (round: Round) => number) => Number((least(at, pick) / least(0, pick)).toFixed(2));
  const result: Result = {
    machine: `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores`,
    node: process.version,
    calls: expected,
    microseconds: {empty: Math.round(least(0, (round) => round.cpuPerCall))},
    ratios: {
      'CPU of a call, one token': ratioOf(1, (round) => round.cpuPerCall),
      'CPU of a call, 1,000 tokens in turn': ratioOf(2, (round) => round.cpuPerCall),
      'one call after the other, one token': ratioOf(1, (round) => round.serial.p50),
      'p99 at 32 calls under way, one token': ratioOf(1, (round) => round.loaded.p99),
    },
    mebibytes: {
      'at rest': Math.round(rest.postern),
      'after the run': Math.round(memory(postern.process.pid)),
      'empty handler at rest': Math.round(rest.empty),
      'empty handler after the run': Math.round(memory(empty.pid)),
    },
    milliseconds: {'from exec to ready': Math.round(Math.min(...starts))},
  };
  console.log(result);
  if (process.argv.includes('--write')) writeFileSync(kept, `${JSON.stringify(result, null, 2)}\n`);
  if (process.argv.includes('--check')) compare(result, JSON.parse(readFileSync(kept, 'utf8')) as Result);

  child.kill();
  await Promise.all([postern.stop(), empty.stop(), identityProvider.stop()]);
};

/** Ratios alone: what a machine takes for anything is its own. */
const compare = ({ratios}: Result, before: Result): void => {
  for (const [what, ratio] of Object.entries(ratios)) {
    const was = before.ratios[what];
    if (was === undefined || ratio <= was * mostLoss) continue;
    console.error(`${what}: ${ratio} times an empty handler, and was ${was}`);
    process.exitCode = 1;
  }
};

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
try {
  await bench();
} finally {
  await endAll();
}
