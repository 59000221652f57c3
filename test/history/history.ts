// What happened, with its times: the words in which a run is recorded and judged. Times are milliseconds of one steady clock.

/** A life of an instance, from its start to its end: `a#1`; started anew it is `a#2`. */
export type Life = string;
/** A content of Redis, from one loss to the next: `redis#1`. */
export type Dataset = string;

/** What a token says of itself, and when; times in seconds since the epoch. */
export interface Token {
  /** For people: `p3 refreshed`. */
  readonly name: string;
  readonly text: string;
  readonly provider: string;
  readonly subject: string;
  readonly tenant: string;
  readonly sessionId: string;
  readonly tokenId: string;
  readonly issuedAt: number;
  readonly signedInAt: number;
}

/** Whom a revocation selects: all that are given must equal. */
export interface Selector {
  readonly subject?: string;
  readonly sessionId?: string;
  readonly tokenId?: string;
  readonly tenant?: string;
  readonly provider?: string;
}

/**
 * `announced`: all will hear of it; `kept`: the instance knows it and goes on trying; `refused`: it was not done (400, 404);
 * `unknown`: no answer, or one that says neither.
 */
export type Answer = 'announced' | 'kept' | 'refused' | 'unknown';

interface Call {
  readonly start: number;
  readonly end: number;
  /** A life, or `command` for the command line, which tells Redis alone. */
  readonly via: Life | 'command';
  readonly answer: Answer;
  /** By how many milliseconds the wall clock of the one that was told was off. */
  readonly clock: number;
}

/** Names of revocations are the test's own (`r7`), since one without an answer has no id. */
export interface RevokeEvent extends Call {
  readonly kind: 'revoke';
  readonly name: string;
  readonly id: string | undefined;
  readonly selector: Selector;
  /** Wall clock of the test at start and end, milliseconds since the epoch. */
  readonly wall: readonly [number, number];
  /** Milliseconds for which the one that was told keeps it. */
  readonly keep: number;
}

export interface RemoveEvent extends Call {
  readonly kind: 'remove';
  readonly of: string;
}

export interface Decision {
  readonly start: number;
  readonly end: number;
  readonly life: Life;
  readonly token: Token;
  /** `allow`, a reason (`revoked`, `unavailable`), or `error` where no answer came. */
  readonly outcome: string;
}

export type Event =
  | RevokeEvent
  | RemoveEvent
  | {readonly kind: 'born' | 'dead'; readonly at: number; readonly life: Life}
  | {
      readonly kind: 'way';
      readonly at: number;
      readonly instance: string;
      readonly open: boolean;
      readonly what: string;
    }
  | {readonly kind: 'clock'; readonly at: number; readonly life: Life; readonly offset: number}
  /** `open`: reads and writes; `read-only`: full, or a replica; `away`: gone, or silent. */
  | {readonly kind: 'redis'; readonly at: number; readonly state: 'open' | 'read-only' | 'away'; readonly what: string}
  /** From here on its content is another: what `from` had at `asOf`, or nothing. */
  | {
      readonly kind: 'dataset';
      readonly at: number;
      readonly dataset: Dataset;
      readonly from?: Dataset;
      readonly asOf?: number;
      readonly what: string;
    }
  /** The machine, or this one life, stood still, or has not begun yet: it cannot be asked to have done anything in time. */
  | {readonly kind: 'stall'; readonly at: number; readonly end: number; readonly life?: Life};

/** When it counts: calls by their end. */
export const timeOf = (event: Event): number => ('at' in event ? event.at : event.end);

const seconds = (at: number): string => `${(at / 1_000).toFixed(3).padStart(9)} s`;

const wordOf = (event: Event): string => {
  switch (event.kind) {
    case 'revoke': {
      const by = Object.entries(event.selector).map(([key, value]) => `${key} ${value}`);
      return `revoke ${event.name} (${by.join(', ')}) via ${event.via}: ${event.answer}, asked at ${seconds(event.start).trim()}${off(event.clock)}`;
    }
    case 'remove':
      return `remove ${event.of} via ${event.via}: ${event.answer}, asked at ${seconds(event.start).trim()}${off(event.clock)}`;
    case 'born':
      return `${event.life} starts`;
    case 'dead':
      return `${event.life} is killed`;
    case 'way':
      return `the way of ${event.instance} to Redis: ${event.what}`;
    case 'clock':
      return `the wall clock of ${event.life} is ${event.offset / 1_000} s off`;
    case 'redis':
      return `Redis: ${event.what}`;
    case 'dataset':
      return `Redis: ${event.what}; its content is ${event.dataset} from here on`;
    case 'stall':
      return `${event.life ?? 'the machine'} stands still until ${seconds(event.end).trim()}`;
  }
};
const off = (clock: number) => (clock === 0 ? '' : `, its clock ${clock / 1_000} s off`);

/** A history for people, a line an event. */
export const readable = (events: readonly Event[]): string =>
  [...events]
    .sort((one, other) => timeOf(one) - timeOf(other))
    .map((event) => `${seconds(timeOf(event))}  ${wordOf(event)}`)
    .join('\n');

export const readableDecision = ({start, end, life, token, outcome}: Decision): string =>
  `${seconds(start)}  ${life} is asked about ${token.name}: ${outcome} after ${(end - start).toFixed(0)} ms`;
