// Wrappers that tell each step of one decision: what it looked at, wanted and found. They exist only while somebody asks.
import {type CheckParts, compileCheck} from '../check.ts';
import {userOf} from '../core/attributes.ts';
import type {Held, Place} from '../core/credential.ts';
import type {CheckContext, Decision} from '../core/decision.ts';
import type {Entitled, EntitlementStore, HeldGrant, Holdings, Question} from '../core/entitlement.ts';
import type {Principal} from '../core/principal.ts';
import type {Request} from '../core/request.ts';
import type {PartName} from '../core/requirement/compile.ts';
import type {Facts, Unmet} from '../core/requirement/part.ts';
import {filledIn} from '../core/requirement/template.ts';
import type {Rule} from '../core/rules.ts';
import {inSlices, longestSlice, type SlicesParts, whole} from '../core/steps.ts';
import {Unavailable} from '../core/unavailable.ts';
import type {Authentication, Provider} from '../providers/provider.ts';
import {type HeldAnswer, heldAnswer} from './heldAnswer.ts';

/** One rule, as far as it was looked at. Undefined: the rule does not ask for it. */
export interface RuleStep {
  readonly rule: string;
  readonly matched: boolean;
  readonly host?: boolean;
  readonly method?: boolean;
  readonly path?: boolean;
  readonly connection?: boolean;
}

/** One place that was looked at; `accepted`: by provider, in the order in which they were asked. */
export interface PlaceStep {
  readonly place: string;
  readonly held: Held['held'];
  readonly accepted: readonly {readonly provider: string; readonly accepts: boolean}[];
}

export interface ProviderStep {
  readonly provider: string;
  readonly verdict: 'verified' | 'rejected' | 'unavailable';
  readonly reason?: string;
  readonly principal?: Principal;
}

export interface RequirementStep {
  readonly part: PartName;
  readonly wanted: unknown;
  readonly got: unknown;
  readonly met: boolean;
}

export interface EntitlementStep {
  readonly asked: Question;
  readonly answer: Entitled | 'unavailable';
  /** Which source has said so, and how many seconds ago. Absent where nobody keeps it. */
  readonly source?: string;
  readonly age?: number;
  /** `memory`: it was known already; `fetched`: it was asked for now, from Redis or the source. */
  readonly layer?: 'memory' | 'fetched';
  /** Grants of the tenant, or of this user, whose plans have what is asked about; also those that are over. */
  readonly grants?: readonly HeldGrant[];
}

/** How one request was decided, step by step. */
export interface Explanation {
  readonly rules: readonly RuleStep[];
  readonly places: readonly PlaceStep[];
  readonly provider?: ProviderStep;
  readonly revoked?: boolean;
  readonly requirements: readonly RequirementStep[];
  readonly entitlements: readonly EntitlementStep[];
  /** What is held of what headers, metadata, limits or conditions name. */
  readonly held?: HeldAnswer;
  readonly decision: Decision;
}

/**
 * Decides once more, and tells how. The parts stay as they are; what they cache, they cache. In slices, for others may be
 * deciding meanwhile, and there may be thousands of rules.
 */
export const explain = async (
  parts: CheckParts,
  request: Request,
  context: CheckContext,
  slices: SlicesParts,
): Promise<Explanation> => {
  const places: {place: string; held: Held['held']; accepted: {provider: string; accepts: boolean}[]}[] = [];
  const requirements: RequirementStep[] = [];
  const entitlements: EntitlementStep[] = [];
  let provider: ProviderStep | undefined;
  let revoked: boolean | undefined;
  let held: HeldAnswer | undefined;

  const lookedAt = (place: Place) => {
    const known = places.find((step) => step.place === place.label);
    if (known !== undefined) return known;
    const step = {place: place.label, held: 'nothing' as Held['held'], accepted: []};
    places.push(step);
    return step;
  };
  const listening: CheckParts = {
    ...parts,
    providers: parts.providers.map((one) =>
      listeningProvider(one, {
        found: (place, held) => {
          lookedAt(place).held = held.held;
        },
        asked: (place, accepts) => void lookedAt(place).accepted.push({provider: one.name, accepts}),
        answered: (step) => {
          provider = step;
        },
      }),
    ),
    revocations: {
      revoked(principal) {
        revoked = parts.revocations.revoked(principal);
        return revoked;
      },
    },
    entitlements: listeningStore(parts.entitlements, {
      answered: (step) => void entitlements.push(step),
      held: (principal, holdings) => {
        const more = heldAnswer({tenant: principal.tenant ?? 'none', ...userIn(principal)}, holdings);
        held = {...more, grace: more.grace || held?.grace === true, values: {...held?.values, ...more.values}};
      },
    }),
    wrapPart: (_rule, name, wanted, holds) => (facts) => {
      const tell = (unmet: Unmet | undefined) => {
        requirements.push({
          part: name,
          wanted: name === 'when' ? wanted : wantedOf(wanted, facts),
          got: gotOf(name, facts),
          met: unmet === undefined,
        });
        return unmet;
      };
      const unmet = holds(facts);
      return unmet instanceof Promise ? unmet.then(tell) : tell(unmet);
    },
  };
  const check = await inSlices(compileCheck(listening), slices);
  const decision = await check(request, context);
  return {
    rules: await rulesLookedAt(parts, request, context, decision.rule, slices),
    places,
    ...(provider && {provider}),
    ...(revoked !== undefined && {revoked}),
    requirements,
    entitlements,
    ...(held && {held}),
    decision,
  };
};

interface ProviderListener {
  found(place: Place, held: Held): void;
  asked(place: Place, accepts: boolean): void;
  answered(step: ProviderStep): void;
}

const listeningProvider = (provider: Provider, tell: ProviderListener): Provider => {
  // Places are compared by identity where a credential is taken out, so each has one listener.
  const originals = new Map<Place, Place>();
  const places = provider.places.map((place) => {
    const listening: Place = {
      ...place,
      find: (request) => {
        const held = place.find(request);
        tell.found(place, held);
        return held;
      },
    };
    originals.set(listening, place);
    return listening;
  });
  return {
    ...provider,
    places,
    accepts(credential, request) {
      const place = originals.get(credential.place) ?? credential.place;
      const own = provider.places.find(({label}) => label === place.label) ?? place;
      const accepted = provider.accepts({...credential, place: own}, request);
      tell.asked(own, accepted !== undefined);
      return accepted;
    },
    async authenticate(credential, context) {
      try {
        const answer = await provider.authenticate(credential, context);
        tell.answered(stepOf(provider.name, answer));
        return answer;
      } catch (error) {
        tell.answered({provider: provider.name, verdict: 'unavailable'});
        throw error;
      }
    },
  };
};

const stepOf = (provider: string, {verified, rejected}: Authentication): ProviderStep =>
  verified === undefined
    ? {provider, verdict: 'rejected', reason: rejected}
    : {provider, verdict: 'verified', principal: verified};

interface StoreListener {
  answered(step: EntitlementStep): void;
  held(principal: Principal, holdings: Holdings): void;
}

const userIn = (principal: Principal) => {
  const user = userOf(principal);
  return user === undefined ? {} : {user};
};

const listeningStore = (store: EntitlementStore, {answered: tell, held}: StoreListener): EntitlementStore => ({
  ...store,
  holdings(principal, ...rest) {
    const told = (holdings: Holdings) => {
      held(principal, holdings);
      return holdings;
    };
    const found = store.holdings(principal, ...rest);
    return found instanceof Promise ? found.then(told) : told(found);
  },
  entitled(principal, asked, ...rest) {
    const known = store.whence?.(principal, asked);
    const told = (answer: Entitled) => {
      const whence = known ?? store.whence?.(principal, asked);
      const layer = known === undefined ? 'fetched' : 'memory';
      const grants = grantsAbout(store, principal, asked);
      tell({asked, answer, ...(whence && {...whence, layer}), ...(grants.length > 0 && {grants})});
      return answer;
    };
    const failed = (error: unknown): never => {
      tell({asked, answer: 'unavailable'});
      throw error;
    };
    try {
      const answer = store.entitled(principal, asked, ...rest);
      return answer instanceof Promise ? answer.then(told, failed) : told(answer);
    } catch (error) {
      return failed(error);
    }
  },
});

const mostGrants = 20;

/** Those whose plans hold the feature, or a feature that the permission belongs to. */
const grantsAbout = (store: EntitlementStore, principal: Principal, asked: Question): readonly HeldGrant[] => {
  if (principal.tenant === undefined || store.grantsOf === undefined) return [];
  try {
    const {features, plans} = store.catalog() ?? {features: new Map(), plans: new Map()};
    const isAsked = (feature: string): boolean =>
      'feature' in asked
        ? feature === asked.feature
        : (features.get(feature)?.permissions.includes(asked.permission) ?? false);
    return store
      .grantsOf(principal.tenant, userOf(principal), mostGrants)
      .filter(({plan}) => plans.get(plan)?.features.some(isAsked));
  } catch (error) {
    if (error instanceof Unavailable) return [];
    throw error;
  }
};

/** A setting with its captures filled in, where the path gave them. */
const wantedOf = (wanted: unknown, {captures}: Facts): unknown => {
  if (typeof wanted !== 'string') return wanted;
  const filled = filledIn(wanted, captures);
  return typeof filled === 'string' ? filled : wanted;
};

/** What a part compares with. */
const gotOf = (name: PartName, {principal, captures, now}: Facts): unknown => {
  switch (name) {
    case 'kind':
    case 'tenant':
    case 'roles':
    case 'permissions':
    case 'scopes':
      return principal[name];
    case 'entitledPermissions':
      return principal.permissions;
    case 'stepUp': {
      const {authTime, acr, amr} = principal;
      return {age: authTime === undefined ? undefined : Math.round(now / 1_000) - authTime, acr, amr};
    }
    case 'relation':
      return Object.fromEntries(captures);
    default:
      return undefined;
  }
};

/**
 * The rules up to the one that decided, each by what of its match holds. Asked of a check of its own that has this one
 * rule with this one part, so that what is told is what the rule table does.
 */
const rulesLookedAt = async (
  parts: CheckParts,
  request: Request,
  context: CheckContext,
  decided: string | undefined,
  {steady, pause}: SlicesParts,
): Promise<readonly RuleStep[]> => {
  const steps: RuleStep[] = [];
  let began = steady();
  for (const rule of parts.rules) {
    if (steady() - began > longestSlice) {
      await pause();
      began = steady();
    }
    const holds = (match: Rule['match']) => matches(parts, {...rule, match}, request, context);
    const {connection, hosts, methods, path} = rule.match;
    const matched = rule.name === decided;
    const kind = connection === undefined ? {} : {connection};
    steps.push({
      rule: rule.name,
      matched,
      ...(connection && {connection: await holds(kind)}),
      ...(hosts && {host: await holds({...kind, hosts})}),
      ...(methods && {method: await holds({...kind, methods})}),
      ...(path !== undefined && {path: await holds({...kind, path})}),
    });
    if (matched) break;
  }
  return steps;
};

const matches = async (parts: CheckParts, rule: Rule, request: Request, context: CheckContext): Promise<boolean> => {
  const {namedRule: _, ...unnamed} = request;
  const one: CheckParts = {...parts, rules: [{...rule, access: {access: 'public'}, shadow: false}]};
  return (await whole(compileCheck(one))(unnamed, context)).outcome === 'allow';
};
