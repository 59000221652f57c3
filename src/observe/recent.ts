// The last decisions, for whoever asks why: so many, and so many bytes, the oldest go first.
import type {Principal} from '../core/principal.ts';
import type {DecisionLog} from './decisionLog.ts';
import type {Remember, Remembered} from './remembered.ts';

export interface RecentDecisions {
  add(one: Remembered): void;
  find(id: string): Remembered | undefined;
  /**
   * Newest first, those that fit, and no more than `limit`. `before`: those that are older than this one. Undefined: it is
   * not there any more. `more`: there are older ones that nobody has looked at.
   */
  list(asked: Asked): {readonly found: readonly Remembered[]; readonly more: boolean} | undefined;
  /** Called with each decision from now on, on the way of its request: it must be quick. Returns what ends that. */
  listen(hear: (one: Remembered) => void): () => void;
  readonly size: () => number;
}

export interface Asked {
  readonly limit: number;
  readonly before?: string | undefined;
  readonly fits: (one: Remembered) => boolean;
}

export interface RecentLimits {
  readonly count: number;
  /** Default: 16 MiB. */
  readonly bytes?: number;
}

export const makeRecentDecisions = ({count, bytes = 16 * 1_048_576}: RecentLimits): RecentDecisions => {
  // A ring: the number of a decision, modulo its length, is its place.
  const ring: ({one: Remembered; size: number} | undefined)[] = new Array(count).fill(undefined);
  const listeners = new Set<(one: Remembered) => void>();
  let next = 0;
  let oldest = 0;
  let used = 0;

  const forget = () => {
    used -= ring[oldest % count]?.size ?? 0;
    ring[oldest % count] = undefined;
    oldest += 1;
  };
  const numberOf = (id: string): number | undefined => {
    for (let number = next - 1; number >= oldest; number--) if (ring[number % count]?.one.id === id) return number;
    return undefined;
  };

  return {
    add(one) {
      if (next - oldest >= count) forget();
      const size = sizeOf(one);
      ring[next % count] = {one, size};
      next += 1;
      used += size;
      while (used > bytes && oldest < next) forget();
      if (listeners.size > 0) for (const hear of listeners) hear(one);
    },
    find(id) {
      const number = numberOf(id);
      return number === undefined ? undefined : ring[number % count]?.one;
    },
    list({limit, before, fits}) {
      const from = before === undefined ? next : numberOf(before);
      if (from === undefined) return undefined;
      const found: Remembered[] = [];
      let number = from - 1;
      for (; number >= oldest && found.length < limit; number--) {
        const one = ring[number % count]?.one;
        if (one !== undefined && fits(one)) found.push(one);
      }
      return {found, more: number >= oldest};
    },
    listen(hear) {
      listeners.add(hear);
      return () => void listeners.delete(hear);
    },
    size: () => next - oldest,
  };
};

/** The same log; what it is told of is remembered besides. */
export const remembering = (log: DecisionLog, recent: RecentDecisions, remember: Remember): DecisionLog => ({
  decided: (moment, request, decision, seconds) => {
    log.decided(moment, request, decision, seconds);
    recent.add(remember(moment, request, decision, seconds));
  },
  failed: (moment, request, error, seconds) => {
    log.failed(moment, request, error, seconds);
    // The edge has given up before: that is how it was answered.
    if (recent.find(moment.id) !== undefined) return;
    recent.add(remember(moment, request, {outcome: 'deny', reason: 'internal'}, seconds));
  },
});

/** Principals are many decisions' own: each is measured once. */
const principalSizes = new WeakMap<Principal, number>();

const sizeOfPrincipal = (principal: Principal): number => {
  const known = principalSizes.get(principal);
  if (known !== undefined) return known;
  const size = 2 * JSON.stringify(principal).length;
  principalSizes.set(principal, size);
  return size;
};

/** About: objects, and two bytes a character. */
const sizeOf = ({request, principal, detail = '', outage = ''}: Remembered): number => {
  let characters = detail.length + outage.length;
  if (request !== undefined) {
    characters += request.path.length + request.host.length;
    for (const name of request.headerNames) characters += name.length;
    for (const value of request.headerValues.values()) characters += value.length;
  }
  return 600 + 2 * characters + (principal === undefined ? 0 : sizeOfPrincipal(principal));
};
