// The set of revocations in Redis: looked at, read in pages, written to, waited for.
import type {Drop, RevocationElement} from '../core/revocation/revocation.ts';
import {type Changes, changesOf} from './changes.ts';
import type {Command, RedisConnection} from './redis.ts';
import {formVersion, makeRevocationForm, type Opened} from './revocationForm.ts';
import * as scripts from './revocationScripts.ts';
import type {Seal} from './seal.ts';

/** The set as it is at one moment. */
export interface Look {
  /** Changes with the set: whoever has read all up to a mark knows what stands there. '' before the first change. */
  readonly mark: string;
  /** Members, ours and foreign ones. */
  readonly count: number;
  /** Ids of the last entries of the streams. */
  readonly lastChange: string;
  readonly lastDrop: string;
  /** The clock of Redis, milliseconds since the epoch. */
  readonly time: number;
}

export interface RevocationRedis {
  ready(): boolean;
  /** Why there is no connection. */
  fault(): string | undefined;
  look(): Promise<Look>;
  /** The members of the set, in pages; none that is there throughout is left out. */
  pages(): AsyncIterable<readonly string[]>;
  /** What follows those entries: at once if there is something, else within `patience` milliseconds (0: at once). */
  wait(change: string, drop: string, patience: number): Promise<{readonly changes: Changes; readonly drops: Changes}>;
  /** All entries of the streams that there are. */
  allChanges(): Promise<Changes>;
  allDrops(): Promise<Changes>;
  open(member: string): Opened;
  /** Adds elements (at most 100); answers the mark afterwards. `asked`: whoever reads them is to say so. */
  write(
    elements: readonly RevocationElement[],
    asked?: boolean,
  ): Promise<{readonly mark: string; readonly time: number}>;
  /** The clock of Redis, milliseconds since the epoch; does not wait behind a read. */
  time(): Promise<number>;
  /** Says that the change of this mark was read; how many have said so. */
  hear(mark: string): Promise<unknown>;
  heard(mark: string): Promise<number>;
  openDrop(packed: string): unknown;
  /** `matters`: milliseconds for which something cached before may be in use. */
  writeDrop(mark: string, drop: Drop, matters: number): Promise<unknown>;
  close(): Promise<void>;
}

export interface RevocationRedisParts {
  /** A connection of its own, since it blocks; its commands may take longer than `block`. */
  readonly reading: Pick<RedisConnection, 'call' | 'ready' | 'fault' | 'close'>;
  readonly writing: Pick<RedisConnection, 'call'>;
  readonly prefix: string;
  readonly seal: Seal;
  /** Something that was never there before. */
  readonly newMark: () => string;
}

/** Milliseconds for which one read waits; so often the set is looked at. */
export const block = 500;
const pageSize = 1_000;
const mostEntries = 100;
const hearingFor = 60_000;

/** What a newer version has written begins with another number. */
export const isNewerMark = (mark: string): boolean => Number(/^(\d+) /.exec(mark)?.[1] ?? 0) > Number(formVersion);

export const makeRevocationRedis = ({
  reading,
  writing,
  prefix,
  seal,
  newMark,
}: RevocationRedisParts): RevocationRedis => {
  const keys = scripts.keysOf(prefix);
  const form = makeRevocationForm(keys.set, seal);
  const read = (...command: Command) => reading.call(...command);

  return {
    ready: reading.ready,
    fault: reading.fault,
    open: form.open,
    async look() {
      const found = await read('EVAL', scripts.look, 4, keys.set, keys.mark, keys.changes, keys.drops);
      const [mark, count, lastChange, time, lastDrop] = found as [string, number, string, number, string];
      return {mark, count, lastChange, time, lastDrop};
    },
    async *pages() {
      for (let [from, same] = ['-inf', 0]; ; ) {
        const found = await read('EVAL', scripts.page, 1, keys.set, from, same, pageSize);
        const [count, last, lastSame, members] = found as [number, string, number, readonly string[]];
        yield members;
        if (count < pageSize) return;
        [from, same] = [last, lastSame];
      }
    },
    async wait(change, drop, patience) {
      const streams = [keys.changes, keys.drops, change, drop];
      const waiting = patience > 0 ? ['BLOCK', patience] : [];
      const reply = await read('XREAD', 'COUNT', mostEntries, ...waiting, 'STREAMS', ...streams);
      const of = (key: string) => {
        const stream = Array.isArray(reply) ? reply.find((one) => Array.isArray(one) && one[0] === key) : undefined;
        return changesOf(stream?.[1]);
      };
      return {changes: of(keys.changes), drops: of(keys.drops)};
    },
    allChanges: async () => changesOf(await read('XRANGE', keys.changes, '-', '+')),
    allDrops: async () => changesOf(await read('XRANGE', keys.drops, '-', '+')),
    async write(elements, asked = false) {
      const members = elements.flatMap((element) => [String(element.expires), form.pack(element)]);
      const {set, mark, changes} = keys;
      const asking = asked ? '1' : '0';
      const command = ['EVAL', scripts.write, 3, set, mark, changes, newMark(), asking, ...members] as const;
      const [after, time] = (await writing.call(...command)) as [string, number];
      return {mark: after, time};
    },
    async time() {
      const [seconds, micros] = (await writing.call('TIME')) as [string, string];
      return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
    },
    hear: (mark) => writing.call('EVAL', scripts.hear, 1, keys.heard + mark.replace(' ', ':'), hearingFor),
    heard: async (mark) => Number(await writing.call('GET', keys.heard + mark.replace(' ', ':'))),
    openDrop: (packed) => parse(seal.open(keys.drops, packed, Number.NEGATIVE_INFINITY)),
    writeDrop: (mark, drop, matters) =>
      writing.call(
        'EVAL',
        scripts.drop,
        1,
        keys.drops,
        mark,
        matters,
        seal.pack(keys.drops, JSON.stringify(drop), never),
      ),
    close: reading.close,
  };
};

/** A drop is kept by its moment; the seal asks for an end too. */
const never = 9_999_999_999_999;

const parse = (text: string | undefined): unknown => {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
};
