// What the engine says to one question, and why, in words for whoever operates it.
import type {Entitled, Grant, Justification, Snapshot} from '../../core/entitlement/entitlement.ts';
import {makeEntitlementIndex} from '../../core/entitlement/entitlementIndex.ts';
import type {Principal} from '../../core/principal.ts';
import {principalNamed} from '../../core/principalNamed.ts';
import type {Reason} from '../../core/refusals.ts';
import {compilePattern} from '../../entitlements/pattern.ts';
import {heldAll} from '../../wiring/explain/heldAll.ts';
import type {HeldAll} from '../../wiring/explain/heldAnswer.ts';

export interface Asked {
  readonly tenant: string;
  /** Absent: a service, to which grants of users do not count. */
  readonly user?: string;
  readonly feature?: string;
  readonly permission?: string;
}

export interface Answer {
  readonly entitled: boolean;
  /** As a request would be refused with. */
  readonly reason?: Reason;
  readonly sentence: string;
  readonly why: readonly string[];
}

const reasons: Readonly<Record<Justification, Reason>> = {
  'missing-feature': 'missing_feature',
  'missing-permission': 'missing_permission',
  'bundle-expired': 'feature_expired',
};

/** `snapshot` holds the tenant's grants. `now` in milliseconds since the epoch. */
export const answerOf = (
  asked: Asked,
  snapshot: Snapshot & {readonly grants: readonly Grant[]},
  now: number,
): Answer => {
  const {feature, permission} = asked;
  const principal = principalOf(asked);
  const index = makeEntitlementIndex(snapshot, {compilePattern});
  const question = feature === undefined ? {permission: permission ?? ''} : {feature};
  const answer = index.entitled(principal, question, new Map(), now);
  return {...saidOf(asked, answer), why: whyOf(asked, snapshot, answer, now)};
};

/** All that is held, by the same engine. */
export const heldOf = (
  asked: Asked,
  snapshot: Snapshot & {readonly grants: readonly Grant[]},
  now: number,
): Promise<HeldAll> => heldAll(makeEntitlementIndex(snapshot, {compilePattern}), asked, now);

/** Whether a permission is held is in the token; what is asked here is what it is worth. */
const principalOf = ({tenant, user, permission}: Asked): Principal =>
  principalNamed({tenant, user, permissions: permission === undefined ? [] : [permission]}, 'none');

/** What was answered, in a sentence. */
export const saidOf = ({tenant, user, feature, permission}: Asked, answer: Entitled): Omit<Answer, 'why'> => {
  const who = `tenant ${tenant}${user === undefined ? '' : `, user ${user}`}`;
  const what = feature === undefined ? `the permission ${permission}` : `the feature ${feature}`;
  const grace =
    answer.entitled && answer.grace === true ? ', in grace: a grant has ended, and holds on for a while' : '';
  return {
    entitled: answer.entitled,
    ...(!answer.entitled && {reason: reasons[answer.justification]}),
    sentence: answer.entitled
      ? `yes: ${who}: ${what}${grace}`
      : `no: ${who}: ${what}: ${reasons[answer.justification]}`,
  };
};

const whyOf = (
  {tenant, user, feature, permission}: Asked,
  {features, plans, flags, grants}: Snapshot & {readonly grants: readonly Grant[]},
  answer: Entitled,
  now: number,
): readonly string[] => {
  const why: string[] = [];
  const asked =
    feature === undefined
      ? [...features].filter(([, {permissions}]) => permissions.includes(permission ?? '')).map(([name]) => name)
      : [feature];
  if (permission !== undefined) {
    why.push(
      asked.length === 0
        ? 'no feature has this permission, so nobody can have bought it'
        : `worth something while one of these features is live: ${asked.join(', ')} (and if the token holds it)`,
    );
  }
  for (const name of asked) {
    if (!features.has(name)) why.push(`there is no feature ${name}`);
    const selling = [...plans].filter(([, plan]) => plan.features.includes(name));
    if (features.has(name)) why.push(`plans with ${name}: ${selling.map(([plan]) => plan).join(', ') || 'none'}`);
    const names = new Set(selling.map(([plan]) => plan));
    for (const grant of grants) {
      if (!names.has(grant.plan) || (grant.user !== null && grant.user !== user)) continue;
      const whose = grant.user === null ? `the tenant ${tenant}` : `the user ${grant.user}`;
      why.push(`the plan ${grant.plan} was given to ${whose} ${endOf(grant, now)}`);
    }
    const flag = flags.get(name);
    if (flag !== undefined) {
      const rest = flag.on ? `on, by default ${flag.default}` : `off, which gives ${flag.off}`;
      why.push(`the flag ${name} is ${rest}${rulesOf(flag.rules.length)}`);
    }
    for (const [plan, {default: otherwise, rules}] of selling) {
      if (otherwise || rules.length > 0)
        why.push(`the plan ${plan} is for everyone: ${otherwise}${rulesOf(rules.length)}`);
    }
  }
  if (!answer.entitled && grants.length === 0) why.push(`the tenant ${tenant} has no grants at all`);
  return why;
};

const endOf = ({expires, grace = 0}: Grant, now: number): string => {
  if (expires === null) return 'for ever';
  const end = `until ${isoOf(expires)}`;
  if (expires > now) return end;
  const held = expires + grace;
  if (held > now) return `${end}, and holds on, in grace, until ${isoOf(held)}`;
  return `${end}${grace > 0 ? `, in grace until ${isoOf(held)}` : ''}, which is over`;
};

/** What no date can say is far off. */
const isoOf = (moment: number): string => new Date(Math.min(moment, 8.64e15)).toISOString();

/** Rules look at attributes of a token and a request, and there is neither. */
const rulesOf = (count: number): string => (count === 0 ? '' : `, with ${count} rules, which a token may meet`);
