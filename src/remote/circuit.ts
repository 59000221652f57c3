// What stands before one host: after failures in a row calls are refused at once, and only so many are under way.
import type {CircuitState, RemoteAnswer, RemoteRequest} from '../core/remote.ts';
import {AttemptFailed} from './attempt.ts';
import {makeTurns} from './turns.ts';

/** When a circuit opens and when it is tried again. */
export interface CircuitOptions {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** Milliseconds until one call is let through to try; doubles with every failed try, up to `longest`. */
  readonly shortest: number;
  readonly longest: number;
}

export const defaultCircuit: CircuitOptions = {failures: 5, shortest: 1_000, longest: 30_000};

/** Calls of one lane to one host under way at once, and how many more may wait for their turn: four rounds. */
const mostUnderWay = 64;
const mostWaiting = 256;

/** A time-out tells something about the other side only if it was given this long, in milliseconds. */
const fairWait = 100;

/** Makes one attempt at a request. */
export type MakeAttempt = (request: RemoteRequest) => Promise<RemoteAnswer>;

export interface Circuit {
  /** Attempts it when it is its turn, or rejects with AttemptFailed `circuit_open` or `busy` without doing so. */
  run(request: RemoteRequest, attempt: MakeAttempt): Promise<RemoteAnswer>;
  state(): CircuitState;
}

/** What a failure says: of the host, perhaps only of what was asked, or nothing. */
type Blame = 'host' | 'doubtful' | 'none';

/**
 * A failure is: no whole reply, or a status of 500 and above, or 429 (it asks to be left alone). A reply that is too long
 * or a time-out that the caller's own short deadline caused says nothing about the host, except while the circuit is being
 * tried; a call that never had its turn says nothing at all. Turns keep a flood of calls (of made-up credentials, say) from
 * becoming a queue in which everyone's time runs out, and that from being taken for the host's fault.
 *
 * A failure that a caller's question met (`asks`) may be of that caller's making. It counts once for a question, and when
 * enough have failed in a row, a question that was answered well before is asked again, as a probe: the circuit opens
 * if that fails, too. Without such a one it opens for `shortest` and closes again: the first good answer ends that.
 * Questions of those who are known are not held up by 429: those of strangers are what has been too much.
 *
 * @param steady milliseconds that no step of the wall clock moves
 * @param changed told of every turn
 */
export const makeCircuit = (options: CircuitOptions, steady: () => number, changed: () => void): Circuit => {
  const turns = makeTurns(mostUnderWay, mostWaiting);
  let state: CircuitState = 'closed';
  let streak = 0;
  let pause = options.shortest;
  let openUntil = 0;
  /** It opened because of what strangers asked, and nothing has been answered well yet that could be a probe. */
  let unproven = false;
  let failed = new Set<string>();
  /** The last questions that were answered well: of somebody known, of anybody. */
  const good = new Map<'known' | 'first', RemoteRequest>();
  let probing = false;

  const turn = (next: CircuitState): void => {
    if (state === next) return;
    state = next;
    changed();
  };
  const close = (): void => {
    streak = 0;
    if (failed.size > 0) failed = new Set();
    pause = options.shortest;
    turn('closed');
  };
  const open = (isUnproven = false): void => {
    unproven = isUnproven;
    openUntil = steady() + pause;
    if (!unproven) pause = Math.min(options.longest, pause * 2);
    turn('open');
  };

  const probe = async (attempt: MakeAttempt): Promise<void> => {
    if (probing) return;
    probing = true;
    try {
      for (const request of good.values()) {
        const blame = await attempt(request).then(blameOf, blameOfError);
        if (blame === 'none') return close();
      }
      open();
    } finally {
      probing = false;
    }
  };

  const failure = (request: RemoteRequest, blame: Blame, attempt: MakeAttempt): void => {
    const {asks} = request;
    if (asks === undefined || blame === 'host') streak += 1;
    else {
      if (failed.has(asks.about)) return;
      if (failed.size < options.failures) failed.add(asks.about);
      streak += 1;
    }
    if (streak < options.failures || state !== 'closed') return;
    if (asks === undefined || blame === 'host') open();
    else if (good.size > 0) void probe(attempt);
    else open(true);
  };
  const success = (request: RemoteRequest): void => {
    if (request.asks !== undefined) good.set(request.asks.standing, request);
    if (state !== 'open') close();
  };

  const attempted = async (request: RemoteRequest, attempt: MakeAttempt, isTry: boolean): Promise<RemoteAnswer> => {
    const settled = (blame: Blame): void => {
      if (isTry && blame === 'none') close();
      else if (isTry) open();
      else if (blame !== 'none') failure(request, blame, attempt);
    };
    try {
      const answer = await attempt(request);
      const blame = blameOf(answer);
      if (blame === 'none') success(request);
      // Whose turn it is to be careful: those whom nobody knows.
      if (blame === 'none' || answer.status !== 429 || request.asks?.standing !== 'known' || isTry) settled(blame);
      return answer;
    } catch (error) {
      const blame = blameOfError(error);
      settled(isTry && blame === 'none' ? 'host' : blame);
      throw error;
    }
  };

  const isOpen = () => new AttemptFailed('circuit_open', 'it failed repeatedly and is left alone for a moment', 0);
  return {
    async run(request, attempt) {
      let isTry = false;
      if (state !== 'closed') {
        // A caller with a deadline must not wait for the one call that tries.
        if (state === 'half_open' || steady() < openUntil) throw isOpen();
        if (unproven) close();
        else {
          turn('half_open');
          if (good.size > 0) {
            void probe(attempt);
            throw isOpen();
          }
          isTry = true;
        }
      }
      const taken = turns.take(() => attempted(request, attempt, isTry));
      if (taken !== undefined) return taken;
      if (isTry) open();
      throw busy();
    },
    state: () => state,
  };
};

const busy = () => new AttemptFailed('busy', `${mostUnderWay} calls to it are under way, and ${mostWaiting} wait`, 0);

const blameOf = ({status}: RemoteAnswer): Blame => (status >= 500 || status === 429 ? 'doubtful' : 'none');

const blameOfError = (error: unknown): Blame => {
  if (!(error instanceof AttemptFailed)) return 'host';
  if (error.result === 'too_large') return 'none';
  if (error.result === 'timeout') return error.given < fairWait ? 'none' : 'doubtful';
  return error.result === 'refused' ? 'host' : 'doubtful';
};
