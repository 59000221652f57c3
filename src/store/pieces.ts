// Large texts in Redis, in pieces: a snapshot that one instance has fetched for all.
import {randomUUID} from 'node:crypto';
import type {Command} from './redis.ts';
import type {Seal} from './seal.ts';

export interface Mark {
  readonly version: string;
  /** Milliseconds since the epoch for which it is known to hold. */
  readonly asOf: number;
  readonly pieces: number;
}

export interface PiecesParts {
  /** A connection whose commands may take as long as a piece of half a megabyte takes; not the one that requests use. */
  readonly redis: {call(...command: Command): Promise<unknown>; ready(): boolean};
  readonly prefix: string;
  /** What it is, and the settings it depends on, hashed by the caller if they are long: `snapshot:http:1f3a`. */
  readonly name: string;
  /** Milliseconds for which they are kept. */
  readonly keep: number;
  readonly seal: Seal;
  readonly now: () => number;
}

const longestPiece = 4 * 1_048_576;
const mostPieces = 10_000;
/** Pieces live as long as the mark that names them, whose end is sealed. */
const endless = Number.MAX_SAFE_INTEGER;

/** The pieces under a name. Every trouble is `undefined`, `false` or `unavailable`: nothing here rejects. */
export const makePieces = ({redis, prefix, name, keep, seal, now}: PiecesParts) => {
  const markKey = `${prefix}${name}`;
  const lockKey = `${prefix}${name}:lock`;
  const pieceKey = (id: string, at: number) => `${prefix}${name}:${id}:${at}`;
  const token = randomUUID();
  /** Pieces of a version are written under an id of their own, so that two writers never mix. */
  let newest: (Mark & {readonly id: string}) | undefined;

  const get = async (key: string): Promise<string | undefined> => {
    try {
      const packed = await redis.call('GETRANGE', key, 0, longestPiece);
      return typeof packed === 'string' && packed.length <= longestPiece ? seal.open(key, packed, now()) : undefined;
    } catch {
      return undefined;
    }
  };
  const put = async (key: string, text: string, expires: number): Promise<boolean> => {
    try {
      return (await redis.call('SET', key, seal.pack(key, text, expires), 'PX', keep)) === 'OK';
    } catch {
      return false;
    }
  };
  const putMark = (mark: Mark & {readonly id: string}) => put(markKey, JSON.stringify(mark), now() + keep);

  return {
    async mark(): Promise<Mark | undefined> {
      const text = redis.ready() ? await get(markKey) : undefined;
      newest = text === undefined ? undefined : markOf(text);
      return newest;
    },
    async *read(version: string, pieces: number): AsyncGenerator<string | undefined> {
      const mark = newest;
      if (mark === undefined || mark.version !== version) return yield undefined;
      for (let at = 0; at < pieces; at++) yield await get(pieceKey(mark.id, at));
    },
    async write(version: string, asOf: number, pieces: Iterable<string>): Promise<void> {
      const id = randomUUID();
      let count = 0;
      for (const piece of pieces) {
        if (count >= mostPieces || !(await put(pieceKey(id, count), piece, endless))) return;
        count += 1;
      }
      await putMark({version, asOf, pieces: count, id});
    },
    async confirm(version: string, asOf: number, pieces: number): Promise<void> {
      if (newest === undefined || newest.version !== version) return;
      // The mark lives on with its new moment, so its pieces have to live on with it.
      for (let at = 0; at < pieces; at++) {
        const alive = await redis.call('PEXPIRE', pieceKey(newest.id, at), keep).catch(() => 0);
        if (alive !== 1) return;
      }
      await putMark({version, asOf, pieces, id: newest.id});
    },
    async lock(ms: number): Promise<boolean | 'unavailable'> {
      if (!redis.ready()) return 'unavailable';
      try {
        return (await redis.call('SET', lockKey, token, 'NX', 'PX', ms)) === 'OK';
      } catch {
        return 'unavailable';
      }
    },
    async unlock(): Promise<void> {
      try {
        // Only ours: after a long fetch it may be another's already. Between the two commands it may change hands, which
        // costs one fetch too many.
        if ((await redis.call('GET', lockKey)) === token) await redis.call('DEL', lockKey);
      } catch {
        // It ends by itself.
      }
    },
  };
};

const markOf = (text: string): (Mark & {readonly id: string}) | undefined => {
  try {
    const {version, asOf, pieces, id} = JSON.parse(text) as Record<string, unknown>;
    if (typeof version !== 'string' || typeof id !== 'string' || !/^[0-9a-f-]{36}$/.test(id)) return undefined;
    if (typeof asOf !== 'number' || !Number.isSafeInteger(pieces)) return undefined;
    const count = pieces as number;
    return count > 0 && count <= mostPieces ? {version, asOf, pieces: count, id} : undefined;
  } catch {
    return undefined;
  }
};
