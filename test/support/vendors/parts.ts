// What a vendor's provider is made of, for tests: real calls, caches in memory, a clock that can be put forward.
import type {Cache, CacheCodec} from '../../../src/core/cache.ts';
import type {Credential} from '../../../src/core/credential/credential.ts';
import {makeCredentialFinder} from '../../../src/core/credential/credential.ts';
import type {Authentication, Provider} from '../../../src/providers/provider.ts';
import type {KeptPrincipal} from '../../../src/providers/verifiedCache.ts';
import {makeLayeredCache} from '../../../src/store/layered.ts';
import {makeMemoryCache} from '../../../src/store/memory.ts';
import type {VendorParts} from '../../../src/vendors/vendor.ts';
import {clocks} from '../../../src/wiring/clocks.ts';
import {testRemote} from '../../remote/servers.ts';
import {request} from '../requests.ts';

export interface TestParts {
  readonly parts: VendorParts;
  /** Puts the clock of caches and tokens forward, milliseconds. */
  forward(milliseconds: number): void;
  now(): number;
  close(): Promise<void>;
}

/** `shared`: what stands in for Redis, by key: JSON as the codecs write it. Two rigs with the same are two instances. */
export const makeTestParts = (shared?: Map<string, string>): TestParts => {
  let ahead = 0;
  const now = () => Date.now() + ahead;
  // Its circuit never opens, so that a row's faults are not the next row's.
  const remote = testRemote({circuit: {failures: 1_000_000, shortest: 1, longest: 1}});
  const parts: VendorParts = {
    call: remote.call,
    cache: makeMemoryCache<KeptPrincipal>({}, now),
    makeCache: (name, codec) =>
      makeLayeredCache({name, memory: makeMemoryCache({}, now), remote: shared && jsonCache(shared, codec)}),
    now,
    random: () => 0.5,
    after: clocks.after,
    log: {info: () => {}, warn: () => {}},
  };
  return {
    parts,
    now,
    forward: (milliseconds) => {
      ahead += milliseconds;
    },
    close: () => remote.close(),
  };
};

/** Keeps for ever what is to be kept at all: that what is kept says itself until when it counts is for the tests to see. */
const jsonCache = <V>(shared: Map<string, string>, codec: CacheCodec<V>): Cache<V> => ({
  get: async (key) => {
    const text = shared.get(key);
    return text === undefined ? undefined : codec.decode(JSON.parse(text));
  },
  set: async (key, value, ttl) => {
    if (ttl > 0) shared.set(key, JSON.stringify(codec.encode(value)));
  },
});

/** Lets the provider find its credential in a request, and authenticate it, as the check does. */
export const authenticateAs = async (
  provider: Provider,
  headers: Record<string, string>,
  now = Date.now(),
): Promise<Authentication | 'nothing' | 'duplicate' | 'malformed' | 'unsupported'> => {
  const asked = request('/', {headers});
  const found = makeCredentialFinder([provider])(asked);
  if (found.found !== 'credential') return found.found;
  const credential: Credential = found.credential;
  return provider.authenticate(credential, {request: asked, now, deadline: Number.POSITIVE_INFINITY});
};
