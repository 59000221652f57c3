// Entitlements that are asked for one principal at a time, kept for a while: fresh, stale while fetched again, too old.
import type {Cache} from '../core/cache.ts';
import type {EntitlementStore, SourceCall} from '../core/entitlement/entitlement.ts';
import {isPermitted} from '../core/entitlement/permissions.ts';
import type {Health} from '../core/health.ts';
import type {Principal} from '../core/principal.ts';
import type {Drop} from '../core/revocation/revocation.ts';
import {Unavailable} from '../core/unavailable.ts';
import {type After, makeWithin} from '../core/within.ts';
import type {LayerObserver} from './cached.ts';
import {entitledBy, holdingsIn, nothingHeld} from './grantAnswers.ts';
import {byOwnClock, type KeptGrants} from './keptGrants.ts';
import {makeLookupDrops} from './lookupDrops.ts';
import type {EntitlementCacheSettings} from './settings.ts';
import type {LookupSource, PrincipalGrants} from './source.ts';

export interface LookupParts {
  readonly source: LookupSource;
  readonly memory: {
    get(key: string): KeptGrants | undefined;
    set(key: string, value: KeptGrants, ttl: number): void;
  };
  /** Redis; absent: memory alone. Its codec is `keptGrantsCodec`. It observes itself. */
  readonly remote?: Cache<KeptGrants> | undefined;
  readonly settings: EntitlementCacheSettings;
  readonly now: () => number;
  /** Milliseconds of a clock that never steps: ages go by it. */
  readonly steady: () => number;
  readonly random: () => number;
  readonly after: After;
  readonly log?: ((level: 'info' | 'warn', message: string) => void) | undefined;
  readonly observer?: LayerObserver | undefined;
}

export interface LookupEntitlements extends EntitlementStore {
  /**
   * Forgets what is kept of a tenant, a subject, or (neither given) everyone, in memory and in Redis. `mark`: the same for
   * all instances (its id on the feed), so that they go on sharing what is fetched afterwards.
   */
  drop(drop: Drop, mark?: string): void;
  health(): Health;
  close(): Promise<void>;
}

/** Milliseconds in which a source that has failed for a key is not asked about it again. */
const restAfterFailure = 1_000;
/**
 * Milliseconds that a fetch may take. It belongs to no request: a source that is slower than Envoy's patience (a second,
 * or several pages) could else never become known.
 */
const budget = 5_000;

/**
 * Answers from memory, else Redis, else the source; one call to the source per key however many wait. What is older than
 * `fresh` (`negative`, if the source knew of nothing) is served and fetched again meanwhile; what is older than `stale`
 * is not served: then the source must answer, or it is Unavailable.
 */
export const makeLookupEntitlements = (parts: LookupParts): LookupEntitlements => {
  const {source, memory, settings, now, steady, random, after, log, observer} = parts;
  const remote = parts.remote && byOwnClock(parts.remote, now, steady);
  const within = makeWithin(now, after);
  const flights = new Map<string, Promise<KeptGrants>>();
  const resting = new Map<string, number>();
  const drops = makeLookupDrops(settings.stale);
  let failing: {readonly since: number; readonly why: string} | undefined;

  const lifeOf = ({grants: {features, plans = []}}: KeptGrants): number => {
    const isNothing = Object.keys(features).length === 0 && plans.length === 0;
    return isNothing ? Math.min(settings.negative, settings.fresh) : settings.fresh;
  };
  const isFresh = (kept: KeptGrants, moment: number) => moment - kept.at < lifeOf(kept);
  const isUsable = (kept: KeptGrants, moment: number) => moment - kept.at < settings.stale;

  const fetch = (key: string, ask: (deadline: number) => Promise<PrincipalGrants>) => {
    const under = flights.get(key);
    if (under !== undefined) return under;
    const flight = land(key, ask).finally(() => flights.delete(key));
    flights.set(key, flight);
    return flight;
  };
  const land = async (key: string, ask: (deadline: number) => Promise<PrincipalGrants>) => {
    const there = await remote?.get(key);
    if (there !== undefined && isFresh(there, steady())) {
      memory.set(key, there, settings.stale - (steady() - there.at));
      return there;
    }
    // Up to a tenth older than it is, so that what was fetched together is not fetched again together.
    const at = steady() - (random() * settings.fresh) / 10;
    try {
      const kept: KeptGrants = {at, grants: await ask(now() + budget)};
      observer?.request('entitlements', 'source', 'hit');
      if (failing !== undefined) log?.('info', `entitlements: ${source.name} answers again`);
      failing = undefined;
      memory.set(key, kept, settings.stale);
      void remote?.set(key, kept, settings.stale);
      return kept;
    } catch (error) {
      observer?.request('entitlements', 'source', 'error');
      if (!(error instanceof Unavailable)) throw error;
      if (failing === undefined) log?.('warn', `entitlements: ${source.name}: ${error.message}`);
      failing ??= {since: now(), why: error.message};
      if (there !== undefined && isUsable(there, steady())) {
        memory.set(key, there, settings.stale - (steady() - there.at));
        return there;
      }
      throw error;
    }
  };
  const refresh = (key: string, ask: (deadline: number) => Promise<PrincipalGrants>) => {
    const moment = steady();
    if ((resting.get(key) ?? 0) > moment || flights.has(key)) return;
    if (resting.size > 10_000) resting.clear();
    resting.set(key, moment + restAfterFailure);
    fetch(key, ask).then(
      () => resting.delete(key),
      () => undefined,
    );
  };

  /** What is known under a key, made into an answer. */
  const answered = <A>(
    principal: Principal,
    name: string,
    ask: (deadline: number) => Promise<PrincipalGrants>,
    call: SourceCall | undefined,
    answer: (grants: PrincipalGrants) => A,
  ): A | Promise<A> => {
    const at = steady();
    const key = `${source.name}:${name}${drops.mark(principal, at)}`;
    // Whoever explains has no token any more: nobody is asked for nothing, and no request that waits fails with it.
    const mayAsk = call !== undefined || source.asksWithToken !== true;
    const kept = memory.get(key);
    if (kept !== undefined && isUsable(kept, at)) {
      const fresh = isFresh(kept, at);
      observer?.request('entitlements', 'memory', fresh ? 'hit' : 'stale');
      if (!fresh && mayAsk) refresh(key, ask);
      return answer(kept.grants);
    }
    observer?.request('entitlements', 'memory', 'miss');
    if (!mayAsk) {
      const why = new Error(`${source.name} is only asked with the token of the principal, which is not kept`);
      throw new Unavailable('entitlements', why);
    }
    const deadline = call?.deadline ?? Number.POSITIVE_INFINITY;
    return within('entitlements', fetch(key, ask), deadline).then(({grants}) => answer(grants));
  };

  return {
    entitled(principal, question, _attributes, moment, call) {
      if ('permission' in question && !isPermitted(principal, question.permission)) {
        return {entitled: false, justification: 'missing-permission'};
      }
      const feature = 'feature' in question ? question.feature : undefined;
      return answered(
        principal,
        source.keyOf(principal, feature),
        (deadline) => source.lookup(principal, feature, call?.credential, deadline),
        call,
        (grants) => entitledBy(grants, question, moment),
      );
    },
    holdings(principal, features, _attributes, _moment, call) {
      const {holdings} = source;
      if (holdings === undefined) return nothingHeld;
      return answered(
        principal,
        holdings.keyOf(principal),
        (deadline) => holdings.lookup(principal, call?.credential, deadline),
        call,
        (grants) => holdingsIn(grants, features, (feature) => holdings.own?.(principal, feature)),
      );
    },
    catalog: () => undefined,
    whence(principal, question) {
      const at = steady();
      const name = source.keyOf(principal, 'feature' in question ? question.feature : undefined);
      const kept = memory.get(`${source.name}:${name}${drops.mark(principal, at)}`);
      return kept && {source: source.name, age: Math.max(0, Math.round((at - kept.at) / 1_000))};
    },
    drop: (drop, mark = String(now())) => drops.add(drop, mark, steady()),
    health() {
      const part = 'entitlements';
      if (failing === undefined) return {part, state: 'ready'};
      return {part, state: 'degraded', detail: `${failing.why}, since ${new Date(failing.since).toISOString()}`};
    },
    close: async () => source.close?.(),
  };
};
