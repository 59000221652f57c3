// Addresses of hosts: asked for once by all who want one at the same time, and those of before while the name server is silent.
import dns, {type LookupAddress, type LookupOptions} from 'node:dns';
import type {LookupFunction} from 'node:net';

interface Known {
  readonly addresses: readonly LookupAddress[];
  /** Milliseconds, steady. */
  readonly at: number;
}

export interface NamesParts {
  /** Milliseconds, steady. Default: those of this process. */
  readonly steady?: () => number;
  /** Milliseconds that the name server is given before what it said last counts. Default: 500. */
  readonly patience?: number;
  /** Milliseconds for which what it said last may count. Default: 1 h. */
  readonly keep?: number;
}

/** More names than issuers: what is oldest is forgotten. */
const most = 2_000;
/** The name server does not answer, or cannot: unlike ENOTFOUND, that says nothing of the name. */
const silent = new Set(['EAI_AGAIN', 'EAI_FAIL', 'ESERVFAIL', 'ETIMEOUT', 'ECONNREFUSED', 'EMFILE']);

/**
 * As `dns.lookup`, for sockets. The system's resolver works in a pool of threads, of which no more than two are given to
 * it, each for as long as the name server is silent (5 s and more): without this, two names that hang would take every
 * other name with them. A name that is asked for already is not asked for again, and one that was found before is not
 * waited for longer than `patience`. What is answered in time always counts.
 */
export const makeLookup = ({
  steady = () => performance.now(),
  patience = 500,
  keep = 3_600_000,
}: NamesParts = {}): LookupFunction => {
  const known = new Map<string, Known>();
  const asking = new Map<string, Promise<readonly LookupAddress[]>>();

  const ask = (key: string, name: string, options: LookupOptions): Promise<readonly LookupAddress[]> => {
    const under = asking.get(key);
    if (under !== undefined) return under;
    const asked = new Promise<readonly LookupAddress[]>((resolve, reject) => {
      dns.lookup(name, {...options, all: true}, (error, addresses) => {
        asking.delete(key);
        if (error !== null) return reject(error);
        known.delete(key);
        known.set(key, {addresses, at: steady()});
        const [oldest] = known.size > most ? known.keys() : [];
        if (oldest !== undefined) known.delete(oldest);
        resolve(addresses);
      });
    });
    asking.set(key, asked);
    return asked;
  };
  const find = async (name: string, options: LookupOptions): Promise<readonly LookupAddress[]> => {
    const key = JSON.stringify([name, options.family, options.hints, options.order]);
    const asked = ask(key, name, options);
    const before = known.get(key);
    if (before === undefined || steady() - before.at > keep) return asked;
    const late = Promise.withResolvers<readonly LookupAddress[]>();
    const timer = setTimeout(() => late.resolve(before.addresses), patience);
    const usable = asked.catch((error: NodeJS.ErrnoException) => {
      if (silent.has(error.code ?? '')) return before.addresses;
      throw error;
    });
    return Promise.race([usable, late.promise]).finally(() => clearTimeout(timer));
  };

  return (name, options, done) => {
    find(name, options).then(
      (addresses) => {
        if (options.all) return done(null, [...addresses]);
        const [first] = addresses;
        if (first !== undefined) return done(null, first.address, first.family);
        done(Object.assign(new Error(`${name} has no address`), {code: 'ENODATA'}), '');
      },
      (error: NodeJS.ErrnoException) => done(error, ''),
    );
  };
};
