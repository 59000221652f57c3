// The pools of connections by whom they trust: one for all calls, and one for each set of files that settings name.
import type {Health} from '../core/health.ts';
import type {TlsFiles} from '../core/tlsFiles.ts';
import {makeLookup} from './names.ts';
import {makePool, type Pool, type Ways} from './pool.ts';
import {makeTrust, type Trust, type TrustFiles} from './trust.ts';

/** Those who trust the same. */
export interface Trusted {
  /** A word without spaces. */
  readonly id: string;
  /** The pool of now: another one after a file has changed. */
  pool(): Pool;
  /** What is wrong, as long as the files could never be used; undefined: they could. */
  lost(): string | undefined;
  health(): Health;
}

export interface Trusts {
  readonly all: Trusted;
  /** Equal files give the same. */
  of(files: TrustFiles): Trusted;
  /** One user less; the connections end with the last. */
  release(trusted: Trusted): void;
  /** Goes another way from now on. */
  renew(ways: {readonly proxy?: string | undefined; readonly noProxy?: readonly string[]}): void;
  /** Of the files of `remote`; empty if it names none. */
  health(): readonly Health[];
  close(): Promise<void>;
}

export interface TrustsParts extends Ways {
  readonly caFile?: string;
  readonly lookEvery?: number;
  readonly now: () => number;
}

interface One extends Trusted {
  readonly trust: Trust;
  /** Connects anew: the authorities of all have changed. */
  renew(): void;
  users: number;
}

/** Throws if the authorities for all cannot be used. `changed` is told whose files are others now. */
export const makeTrusts = (parts: TrustsParts, changed: (trusted: Trusted) => void): Trusts => {
  const {now, caFile, lookEvery: interval} = parts;
  // One for all: what one has found out, another need not wait for.
  let ways: Ways = {...parts, lookup: parts.lookup ?? makeLookup()};
  const known = new Map<string, One>();
  const pools = new Set<Pool>();
  let count = 0;
  let started = false;
  const every = interval === undefined ? {} : {interval};

  const poolOf = (own: TlsFiles<Buffer> = {}): Pool => {
    const ca = [parts.ca, roots?.contents()?.ca?.toString()].filter((pem) => pem !== undefined).join('\n');
    const pool = makePool({...ways, ...(ca !== '' && {ca})}, own);
    pools.add(pool);
    return pool;
  };
  const retire = (pool: Pool | undefined): void => {
    if (pool !== undefined) void pool.close().then(() => pools.delete(pool));
  };

  const renewAll = (): void => {
    retire(allPool);
    allPool = poolOf();
    changed(all);
    for (const one of known.values()) one.renew();
  };
  const roots: Trust | undefined =
    caFile === undefined
      ? undefined
      : makeTrust({
          files: {ca: caFile},
          part: 'remote.ca',
          now,
          ...every,
          changed: () => {
            if (started) renewAll();
          },
        });
  const fault = roots?.fault();
  if (fault !== undefined) {
    roots?.close();
    throw new Error(`remote.${fault}`);
  }
  let allPool = poolOf();
  started = true;
  const all: Trusted = {
    id: 'all',
    pool: () => allPool,
    lost: () => undefined,
    health: () => roots?.health() ?? {part: 'remote.ca', state: 'ready'},
  };

  const make = (files: TrustFiles): One => {
    let pool: Pool | undefined;
    count += 1;
    const renew = (): void => {
      retire(pool);
      pool = undefined;
      changed(one);
    };
    const trust = makeTrust({files, part: '', now, ...every, changed: () => pool !== undefined && renew()});
    const one: One = {
      id: `trust-${count}`,
      trust,
      users: 0,
      renew,
      pool: () => {
        pool ??= poolOf(trust.contents());
        return pool;
      },
      lost: () => (trust.contents() === undefined ? trust.fault() : undefined),
      health: trust.health,
    };
    return one;
  };
  const keyOf = (files: TrustFiles): string =>
    JSON.stringify([files.ca, files.clientCertificate?.cert, files.clientCertificate?.key]);

  return {
    all,
    of: (files) => {
      const key = keyOf(files);
      const one = known.get(key) ?? make(files);
      known.set(key, one);
      one.users += 1;
      return one;
    },
    release: (trusted) => {
      for (const [key, one] of known) {
        if (one !== trusted) continue;
        one.users -= 1;
        if (one.users > 0) return;
        known.delete(key);
        one.trust.close();
        one.renew();
      }
    },
    renew: ({proxy, noProxy}) => {
      if (JSON.stringify([proxy, noProxy]) === JSON.stringify([ways.proxy, ways.noProxy])) return;
      const {proxy: _, ...others} = ways;
      ways = {...others, ...(proxy !== undefined && {proxy}), ...(noProxy !== undefined && {noProxy})};
      renewAll();
    },
    health: () => (roots === undefined ? [] : [roots.health()]),
    close: async () => {
      roots?.close();
      for (const {trust} of known.values()) trust.close();
      await Promise.all([...pools].map((pool) => pool.destroy()));
    },
  };
};
