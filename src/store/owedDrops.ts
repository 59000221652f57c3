// Drops on their way to the other instances: written at once, or again and again until Redis takes them.
import type {Drop} from '../core/revocation/revocation.ts';
import type {RevocationRedis} from './revocationRedis.ts';

export interface OwedDropsParts {
  /** Absent: there are no others. */
  readonly redis: RevocationRedis | undefined;
  /** Milliseconds for which what was cached before a drop may be in use. */
  readonly matters: number;
  readonly newMark: () => string;
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

export interface OwedDrops {
  /** False: it could not be written now, and is owed. */
  announce(drop: Drop, mark: string): Promise<boolean>;
  /** How many are owed. */
  count(): number;
  /** Writes what is owed, until the end. */
  run(): Promise<void>;
  end(): void;
}

const mostOwed = 100;

export const makeOwedDrops = ({redis, matters, newMark, random, sleep}: OwedDropsParts): OwedDrops => {
  let owed: {readonly drop: Drop; readonly mark: string}[] = [];
  let ended = false;
  return {
    async announce(drop, mark) {
      if (redis === undefined) return true;
      try {
        await redis.writeDrop(mark, drop, matters);
        return true;
      } catch {
        // Too many become one of all: dropping more than was asked costs a fetch, less would be a fault.
        owed = owed.length < mostOwed ? [...owed, {drop, mark}] : [{drop: {}, mark: newMark()}];
        return false;
      }
    },
    count: () => owed.length,
    async run() {
      while (!ended) {
        await sleep(200 + random() * 300);
        for (let first = owed[0]; first !== undefined && redis?.ready(); first = owed[0]) {
          try {
            await redis.writeDrop(first.mark, first.drop, matters);
          } catch {
            break;
          }
          if (owed[0] === first) owed.shift();
        }
      }
    },
    end() {
      ended = true;
    },
  };
};
