// A connection to Redis that costs a request nothing while Redis is out of order: a circuit breaker before it.
import type {Health} from '../core/health.ts';
import type {CallResult, CircuitState} from '../core/remote.ts';
import {redisFault} from '../core/words/redisFault.ts';
import type {Command, RedisConnection} from './redis.ts';

/** What a cache needs of Redis. */
export interface GuardedRedis {
  /** False: a call would reject at once. Asked first, so that a request does not even make a promise. */
  available(): boolean;
  /** Rejects when not available, when the time is up, or with what Redis answered. */
  call(...command: Command): Promise<unknown>;
  circuit(): CircuitState;
  health(): Health;
  close(): Promise<void>;
}

export interface GuardParts {
  readonly connection: RedisConnection;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly random: () => number;
  readonly observer?: {
    called(dependency: string, result: CallResult, seconds: number): void;
    circuit(dependency: string, state: CircuitState): void;
  };
  readonly log?: (level: 'info' | 'warn', message: string) => void;
}

/** So many time-outs without an answer between them open the circuit; each has cost a request the whole time. */
const failuresToOpen = 3;
const firstPause = 250;
const longestPause = 5_000;
/** Milliseconds between two looks at the connection; gone at two of them, it is shown as out of order. */
const lookEvery = 250;
/** So many looks apart Redis is asked whether it answers, if it has answered nothing in between. */
const looksToAsk = 8;

/**
 * Puts a breaker before a connection. While it is open, a PING in the background tries whether Redis is back, after
 * pauses that double up to 5 s: no request is ever used as the probe. An error that Redis answers (OOM, READONLY,
 * WRONGTYPE) is a prompt answer and does not open it. While nothing is asked, a PING every two seconds does it.
 */
export const makeGuardedRedis = ({connection, now, random, observer, log}: GuardParts): GuardedRedis => {
  let failures = 0;
  let pause = firstPause;
  let state: CircuitState = 'closed';
  let since = now();
  let lastFault = '';
  let probe: NodeJS.Timeout | undefined;
  let closed = false;

  const turn = (next: CircuitState) => {
    if (state === 'closed' || next === 'closed') since = now();
    state = next;
    show();
  };
  let shown: CircuitState | undefined;
  let looksAway = 0;
  /** Without a connection nothing is called either: an operator is to see that as an open circuit, which it is in effect. */
  const show = () => {
    const seen = state === 'closed' && looksAway > 1 ? 'open' : state;
    if (seen === shown) return;
    shown = seen;
    observer?.circuit('redis', seen);
  };
  /** Whether Redis has answered since the last of the looks that ask. */
  let answered = false;
  let looks = 0;
  let asking = false;
  const looking = setInterval(() => {
    looksAway = connection.ready() ? 0 : looksAway + 1;
    show();
    looks += 1;
    // One that does not answer is asked again at once, so that a moment's delay is told from a Redis that hangs.
    if (failures > 0 || looks % looksToAsk === 0) void askIfIdle();
  }, lookEvery).unref();
  /** A Redis that hangs while nothing is asked of it would be found by the next requests, and called ready until then. */
  const askIfIdle = async (): Promise<void> => {
    const isIdle = !answered;
    answered = false;
    if (!isIdle || asking || state !== 'closed' || !connection.ready()) return;
    asking = true;
    try {
      await connection.call('PING');
      failures = 0;
    } catch (error) {
      failed(error);
    } finally {
      asking = false;
    }
  };
  /** Counts what a command met. */
  const failed = (error: unknown): void => {
    if (isReply(error)) {
      failures = 0;
      lastFault = redisFault(error);
      return;
    }
    lastFault = isTimeout(error) ? 'it does not answer in time' : (connection.fault() ?? 'the connection broke');
    // What fails at once costs nothing, and in a Cluster it may be one node of many.
    if (isTimeout(error)) failures += 1;
    if (failures >= failuresToOpen && state === 'closed' && !closed) open();
  };
  const open = () => {
    if (state === 'closed') log?.('warn', `redis: out of order (${lastFault}); going on without it`);
    turn('open');
    clearTimeout(probe);
    if (closed) return;
    probe = setTimeout(tryAgain, pause * (0.75 + random() / 2)).unref();
    pause = Math.min(longestPause, pause * 2);
  };
  const tryAgain = async () => {
    turn('half_open');
    try {
      await timed('PING');
    } catch (error) {
      if (!isReply(error)) return open();
    }
    log?.('info', 'redis: back');
    close();
  };
  const close = () => {
    failures = 0;
    pause = firstPause;
    turn('closed');
  };
  const timed = async (...command: Command): Promise<unknown> => {
    const start = performance.now();
    const told = (result: CallResult) => observer?.called('redis', result, (performance.now() - start) / 1_000);
    try {
      const reply = await connection.call(...command);
      told('ok');
      return reply;
    } catch (error) {
      told(isTimeout(error) ? 'timeout' : 'error');
      throw error;
    }
  };

  return {
    available: () => state === 'closed' && connection.ready(),
    async call(...command) {
      if (state !== 'closed' || !connection.ready()) {
        observer?.called('redis', state === 'closed' ? 'refused' : 'circuit_open', 0);
        throw new Error('redis is out of order');
      }
      try {
        const reply = await timed(...command);
        failures = 0;
        answered = true;
        return reply;
      } catch (error) {
        failed(error);
        throw error;
      }
    },
    circuit: () => state,
    health() {
      if (state === 'closed' && connection.ready()) return {part: 'redis', state: 'ready'};
      const what = connection.ready() ? lastFault : (connection.fault() ?? 'not connected');
      const when = state === 'closed' ? '' : ` since ${new Date(since).toISOString()}`;
      return {part: 'redis', state: 'degraded', detail: `${what}${when}; working from memory, trying again`};
    },
    async close() {
      closed = true;
      clearTimeout(probe);
      clearInterval(looking);
      await connection.close();
    },
  };
};

const isTimeout = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'NotInTime' || error.message === 'Command timed out');

/** Redis itself answered, if only with an error. */
const isReply = (error: unknown): boolean => error instanceof Error && error.name === 'ReplyError';
