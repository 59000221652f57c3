// Puts into Redis what is known here and missing there, until it has been seen there. All instances do; it is one union.
import type {RevocationElement} from '../core/revocation/revocation.ts';
import type {RevocationSet} from '../core/revocation/revocationSet.ts';
import {faultOf} from './faults.ts';
import type {RevocationRedis} from './revocationRedis.ts';

export interface AnnounceParts {
  readonly redis: RevocationRedis;
  readonly set: RevocationSet;
  readonly steady: () => number;
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly say: (level: 'info' | 'warn', message: string) => void;
  /** Told of each write that succeeded. */
  readonly wrote: (answer: {readonly mark: string; readonly time: number}) => void;
}

export interface Announcer {
  /** Writes this one now; false: it could not be, and is tried again for as long as this process lives. */
  announce(element: RevocationElement): Promise<boolean>;
  /** Why Redis cannot be written to; undefined: it can. */
  fault(): string | undefined;
  /** Milliseconds for which something has been missing in Redis; 0: nothing is. */
  owing(): number;
  run(): Promise<void>;
  end(): void;
}

const batch = 100;
const firstPause = 50;
const longestPause = 1_000;
/** So often it is tried whether Redis can be written to, and trimmed, though there is nothing to write. */
const tryEvery = 5_000;
/** Instances that find the same missing begin at different moments, in different places. */
const spread = 300;

export const makeAnnouncer = ({redis, set, steady, random, sleep, say, wrote}: AnnounceParts): Announcer => {
  let fault: string | undefined;
  let owingSince: number | undefined;
  let ended = false;
  let tried = steady();

  const write = async (elements: readonly RevocationElement[]): Promise<void> => {
    tried = steady();
    try {
      const answer = await redis.write(elements);
      wrote(answer);
      set.markSeen(elements.map(({id}) => id));
      if (fault !== undefined) say('info', 'can be written to again');
      fault = undefined;
    } catch (error) {
      fault = faultOf(error);
      throw error;
    }
  };

  return {
    async announce(element) {
      try {
        await write([element]);
        return true;
      } catch {
        return false;
      }
    },
    fault: () => fault,
    owing() {
      if (set.unseen === 0) owingSince = undefined;
      else owingSince ??= steady();
      return owingSince === undefined ? 0 : steady() - owingSince;
    },
    async run() {
      let pause = firstPause;
      let wasOwing = false;
      while (!ended) {
        await sleep(pause * (0.5 + random() / 2));
        if (ended) return;
        const owes = set.unseen > 0;
        if (!owes && fault === undefined && steady() - tried < tryEvery) {
          pause = firstPause;
          wasOwing = false;
          continue;
        }
        if (!redis.ready()) continue;
        if (owes && !wasOwing && set.unseen > batch) await sleep(random() * spread);
        wasOwing = owes;
        try {
          await write(owes ? set.missing(batch, random()) : []);
          pause = set.unseen > 0 ? 0 : firstPause;
        } catch {
          if (ended) return;
          pause = Math.min(longestPause, Math.max(firstPause, pause * 1.5));
          say('warn', `cannot be written to: ${fault}; ${set.unseen} not announced; trying again`);
        }
      }
    },
    end() {
      ended = true;
    },
  };
};
