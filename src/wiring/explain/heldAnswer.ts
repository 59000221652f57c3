// All that somebody holds: plans, values and limits, with where each comes from and until when.
import {type Amount, isList, unlimited} from '../../core/entitlement/amount.ts';
import type {HeldGrant, Holding, Holdings, Origin} from '../../core/entitlement/entitlement.ts';
import {printable} from '../../observe/redact.ts';

/** As JSON: what has no end is the text `unlimited`, moments are ISO dates. */
export interface HeldAnswer {
  readonly tenant: string;
  readonly user?: string;
  readonly plans: readonly string[];
  readonly grace: boolean;
  readonly values: Readonly<Record<string, HeldAmount>>;
}

export interface HeldAmount {
  readonly amount: Exclude<Amount, readonly string[]> | readonly string[];
  readonly per?: string;
  readonly grace: boolean;
  readonly origins: readonly HeldOrigin[];
}

interface HeldOrigin {
  readonly plan: string;
  readonly by: Origin['by'];
  /** null: for ever. */
  readonly until: string | null;
  readonly grace: boolean;
  readonly amount?: Amount;
  readonly own: boolean;
  readonly add: number;
}

export type HeldState = 'live' | 'grace' | 'over';

/** A grant as JSON. `end` null: never; where it is over all the same, its date could not be read. */
export interface GrantShown {
  readonly plan: string;
  readonly of: HeldGrant['of'];
  readonly end: string | null;
  /** Until when it holds on after its end. */
  readonly graceEnd?: string | null;
  readonly state: HeldState;
}

export interface HeldAll extends HeldAnswer {
  /** What is bought, or was; what never was is left out. */
  readonly features: readonly {readonly feature: string; readonly state: HeldState}[];
  /** Also those that are over; at most `mostGrants`. Absent where the source does not list them. */
  readonly grants?: readonly GrantShown[];
  /** Of a source that tells of one feature at a time: those it was asked about. Absent where it lists what there is. */
  readonly asked?: readonly string[];
}

export const heldAnswer = (
  {tenant, user}: {readonly tenant: string; readonly user?: string | undefined},
  {plans, grace, amounts}: Holdings,
): HeldAnswer => ({
  tenant,
  ...(user !== undefined && {user}),
  plans,
  grace,
  values: Object.fromEntries([...amounts].map(([feature, holding]) => [feature, heldAmount(holding)])),
});

export const heldAmount = ({amount, origins, ...rest}: Holding): HeldAmount => ({
  ...rest,
  amount: writable(amount),
  origins: origins.map(originOf),
});

const originOf = ({amount, end, ...rest}: Origin): HeldOrigin => ({
  ...rest,
  until: end === null ? null : isoOf(end),
  ...(amount !== undefined && {amount: writable(amount)}),
});

/** A moment that no date can say has been, for ever. */
const isoOf = (moment: number): string => new Date(Number.isFinite(moment) ? moment : 0).toISOString();

/** JSON knows no number without end. */
const writable = (amount: Amount): Amount => (amount === Number.POSITIVE_INFINITY ? unlimited : amount);

/** Lines for a person. */
export const heldLines = (held: HeldAnswer | HeldAll): readonly string[] => {
  const {tenant, user, plans, values} = held;
  const who = `tenant ${shown(tenant)}${user === undefined ? '' : `, user ${shown(user)}`}`;
  const named = Object.entries(values);
  const asked = 'asked' in held ? held.asked : undefined;
  const listed = plans.length === 0 ? 'no plan' : `the plans ${plans.map(shown).join(', ')}`;
  return [
    `${who}: ${asked === undefined ? listed : askedText(asked)}`,
    ...(named.length === 0 && asked === undefined ? ['  no values and no limits'] : []),
    ...named.flatMap(([feature, {amount, per, grace, origins}]) => [
      `  ${shown(feature)}: ${amountText(amount)}${per === undefined ? '' : ` ${per === 'hour' ? 'an' : 'a'} ${per}`}${grace ? ', in grace' : ''}`,
      ...origins.map((origin) => `    ${originText(origin)}`),
    ]),
    ...('features' in held ? [...featureLines(held), ...grantLines(held)] : []),
  ];
};

const askedText = (asked: readonly string[]): string => {
  const which =
    asked.length === 0 ? 'rules ask for none' : `of those that rules ask for: ${asked.map(shown).join(', ')}`;
  return `its source tells of one feature at a time (--feature); ${which}`;
};

const featureLines = ({features, asked = []}: HeldAll): readonly string[] => {
  if (features.length === 0 && asked.length > 0) return ['  has none of them'];
  return featureStates.flatMap(([state, said]) => {
    const names = features.filter((one) => one.state === state).map(({feature}) => shown(feature));
    return names.length === 0 ? [] : [`  ${said}: ${names.join(', ')}`];
  });
};

const featureStates = [
  ['live', 'has the features'],
  ['grace', 'has in grace the features'],
  ['over', 'had the features'],
] as const;

const grantLines = ({grants, user}: HeldAll): readonly string[] =>
  grants === undefined || grants.length === 0
    ? []
    : ['  grants:', ...grants.map((grant) => `    ${grantText(grant, user ?? '')}`)];

const grantText = ({plan, of, end, graceEnd, state}: GrantShown, user: string): string => {
  const whose = of === 'tenant' ? 'the tenant' : `the user ${shown(user)}`;
  const until = end !== null ? ` until ${end}` : state === 'over' ? ' until a date that is none' : ' for ever';
  const on = graceEnd ? `, in grace until ${graceEnd}` : '';
  return `${shown(plan)} to ${whose}${until}${on}${state === 'over' ? ' (over)' : state === 'grace' ? ' (in grace)' : ''}`;
};

const originText = ({plan, by, until, grace, amount, own, add}: HeldOrigin): string => {
  const whence = by === 'everyone' ? `the plan ${shown(plan)}, which is for everyone` : `a grant of ${shown(plan)}`;
  const end = by === 'everyone' ? '' : until === null ? ' for ever' : ` until ${until}${grace ? ', in grace' : ''}`;
  const given = amount === undefined ? 'nothing' : `${amountText(amount)} of ${own ? 'its own' : 'the plan'}`;
  return `${whence}${end}: ${given}${add > 0 ? `, and ${add} more` : ''}`;
};

const amountText = (amount: Amount): string => shown(isList(amount) ? `[${amount.join(', ')}]` : String(amount));
const shown = (text: string): string => printable(text, 512);
