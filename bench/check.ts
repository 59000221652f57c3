// npm run bench: Postern's full decision beside an empty handler, in one run on one machine. Read the ratio: absolute
// numbers belong to the machine and the hour. Server and caller have a core each; rounds alternate; medians are shown.
import {type ChildProcess, fork, spawnSync} from 'node:child_process';
import {availableParallelism} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {startIdentityProvider} from '../test/support/identityProvider.ts';
import {freePort, temporaryFolder} from '../test/support/ports.ts';
import {startPostern} from '../test/support/postern.ts';
import {endAll, start} from '../test/support/processes.ts';
import type {Measured, Order} from './support/load.ts';
import {cpuTime, memory} from './support/usage.ts';
import {entitlements, people, settings, writeMessages} from './support/workload.ts';

const rounds = 5;
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
  const before = cpuTime(pid);
  const loaded = await ask({port, messages, connections: 2, concurrency: 16, milliseconds: 2_000});
  const cpuPerCall = (cpuTime(pid) - before) / loaded.calls;
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
  const postern = await startPostern(settings(identityProvider.issuer), {
    files: {'entitlements.yaml': entitlements},
    under: onCore(0),
  });
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

  child.kill();
  await Promise.all([postern.stop(), empty.stop(), identityProvider.stop()]);
};

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
try {
  await bench();
} finally {
  await endAll();
}
