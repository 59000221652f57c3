// Decides one request with every part listened to, and tells each step. The wrappers exist only while somebody asks.
import {type CheckParts, compileCheck} from '../../check.ts';
import type {Held, Place} from '../../core/credential/credential.ts';
import type {CheckContext} from '../../core/decision.ts';
import {userOf} from '../../core/entitlement/attributes.ts';
import type {Principal} from '../../core/principal.ts';
import type {Request} from '../../core/request/request.ts';
import type {Unmet} from '../../core/requirement/part.ts';
import {partOf} from '../../core/requirement/parts.ts';
import {wantedIn} from '../../core/requirement/unmet.ts';
import {inSlices, type SlicesParts} from '../../core/steps.ts';
import type {EntitlementStep, Explanation, ProviderStep, RequirementStep} from './explanation.ts';
import {type HeldAnswer, heldAnswer} from './heldAnswer.ts';
import {listeningProvider} from './listeningProvider.ts';
import {listeningStore} from './listeningStore.ts';
import {rulesLookedAt} from './rulesLookedAt.ts';

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
      answered: (step) => {
        // Asked once more, for the plans that a refusal names: the same answer.
        const asked = JSON.stringify(step.asked);
        if (!entitlements.some((one) => JSON.stringify(one.asked) === asked)) entitlements.push(step);
      },
      held: (principal, holdings) => {
        const more = heldAnswer({tenant: principal.tenant ?? 'none', ...userIn(principal)}, holdings);
        held = {...more, grace: more.grace || held?.grace === true, values: {...held?.values, ...more.values}};
      },
    }),
    wrapPart: (_rule, name, wanted, holds) => (facts) => {
      const tell = (unmet: Unmet | undefined) => {
        requirements.push({
          part: name,
          wanted: wantedIn(name, wanted, facts),
          got: partOf(name).got?.of(facts),
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

const userIn = (principal: Principal) => {
  const user = userOf(principal);
  return user === undefined ? {} : {user};
};
