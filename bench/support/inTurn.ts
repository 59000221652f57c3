// Contestants that take turns: what slows the machine for a moment slows all of them.
import type {Load, Measured} from './load.ts';
import type {Server, Stage} from './stage.ts';
import {exactCpuTime} from './usage.ts';

export interface Contestant {
  readonly server: Server;
  /** File with what is sent. */
  readonly messages: string;
  /** What is not as usual in how it is called. */
  readonly load?: Partial<Load>;
}

export interface Round extends Measured {
  /** Processor time of the server for one call, microseconds. */
  readonly cpu: number;
}

/** 32 calls under way at any moment. */
export const busy = {connections: 2, concurrency: 16};
/** One call after the other. */
export const serial = {connections: 1, concurrency: 1};

export const cpuOf = (rounds: readonly Round[]): number[] => rounds.map(({cpu}) => cpu);
export const p50Of = (rounds: readonly Round[]): number[] => rounds.map(({p50}) => p50);
export const p99Of = (rounds: readonly Round[]): number[] => rounds.map(({p99}) => p99);

const cpuOfAll = (pids: readonly number[]): number => pids.reduce((sum, pid) => sum + exactCpuTime(pid), 0);

/** One round of one contestant, from the message `first` on, whatever becomes of the calls. */
export const callAnyway = async (
  {pace, caller}: Pick<Stage, 'pace' | 'caller'>,
  {server: {pids, address, speaks, ca}, messages, load}: Contestant,
  first = 0,
): Promise<Round> => {
  const before = cpuOfAll(pids);
  const measured = await caller.ask({
    target: {address, speaks, ...(ca !== undefined && {ca})},
    messages,
    load: {...busy, milliseconds: pace.milliseconds, ...load},
    first,
  });
  return {...measured, cpu: (cpuOfAll(pids) - before) / measured.calls};
};

/** The same; rejects where a call failed. */
export const callOnce = async (
  stage: Pick<Stage, 'pace' | 'caller'>,
  contestant: Contestant,
  first = 0,
): Promise<Round> => {
  const round = await callAnyway(stage, contestant, first);
  if (round.failed === 0) return round;
  throw new Error(`${round.failed} of ${round.calls} calls to ${contestant.server.address} failed`);
};

/** Sends the first `calls` messages, however long it takes: what has to be asked for has been asked for then. */
export const acquaint = (stage: Pick<Stage, 'pace' | 'caller'>, contestant: Contestant, calls: number) =>
  callOnce(stage, {...contestant, load: {calls, milliseconds: 60_000}});

/**
 * Calls each in every round, and answers their rounds by name. `load` says what is not as usual, of one contestant or of
 * all. Rejects where a call failed, or where a server that counts did not let every call through: a fast refusal must not
 * pass for a fast decision.
 */
export const inTurn = async <Name extends string>(
  stage: Pick<Stage, 'pace' | 'caller'>,
  contestants: Readonly<Record<Name, Contestant>>,
  load: Partial<Load> = {},
): Promise<Record<Name, Round[]>> => {
  const {pace} = stage;
  const names = Object.keys(contestants) as Name[];
  const rounds = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, Round[]>;
  const sent = new Map<Server, number>();
  const firsts = new Map<Name, number>();

  const ask = async (name: Name, milliseconds: number): Promise<Round> => {
    const contestant = contestants[name];
    const first = firsts.get(name) ?? 0;
    const called = await callOnce(stage, {...contestant, load: {milliseconds, ...load, ...contestant.load}}, first);
    firsts.set(name, first + called.calls);
    sent.set(contestant.server, (sent.get(contestant.server) ?? 0) + called.calls);
    return called;
  };
  const servers = [...new Set(names.map((name) => contestants[name].server))];
  const allowed = () =>
    Promise.all(servers.map(async (server) => [server, (await server.allowed?.()) ?? Number.NaN] as const));

  const before = new Map(await allowed());
  for (const name of names) await ask(name, pace.warmUp);
  for (let round = 0; round < pace.rounds; round++) {
    // There and back: what drifts with time is no advantage to anybody.
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      rounds[name].push(await ask(name, pace.milliseconds));
    }
  }
  for (const [server, after] of await allowed()) {
    const counted = after - (before.get(server) ?? 0);
    if (server.allowed === undefined || counted === sent.get(server)) continue;
    throw new Error(
      `${counted} of ${sent.get(server)} calls to ${server.address} were let through\n${await server.refusals?.()}`,
    );
  }
  return rounds;
};
