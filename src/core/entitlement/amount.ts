// What is bought beyond yes and no: numbers, texts, lists and limits; and how several of them become one.

/** Units of a limit, the shortest first. */
export const units = ['second', 'minute', 'hour', 'day', 'month', 'year'] as const;
export type Unit = (typeof units)[number];

/** What a feature is sold in, besides bought or not. */
export type Measure = 'number' | 'text' | 'list' | 'limit';

/** A number (of a limit: how many in its unit; Infinity: unlimited), a text, or a list of texts in order. */
export type Amount = number | string | readonly string[];

/** How an amount that has no end is written. */
export const unlimited = 'unlimited';

/** What one grant, or a plan that is for everyone, brings of a feature. */
export interface Offer {
  /** Undefined: the feature, and no amount of it. */
  readonly amount: Amount | undefined;
  /** What comes on top of the greatest. 0: nothing. */
  readonly add: number;
  /** Of the plan; undefined: below all others. */
  readonly rank: number | undefined;
  /** The amount is the grant's own, and not its plan's. */
  readonly own: boolean;
}

/**
 * The one amount of several offers, whatever their order; undefined: none of them has one. Numbers and limits: the
 * greatest, then what is added on top, up to the greatest number that everybody reads exactly. Lists: the union. A text: of the plan with the highest rank, of two such the
 * grant's own. An offer more never gives less.
 */
export const combined = (measure: Measure, offers: readonly Offer[]): Amount | undefined => {
  switch (measure) {
    case 'list':
      return unionOf(offers);
    case 'text':
      return textOf(offers);
    default:
      return numberOf(offers);
  }
};

const numberOf = (offers: readonly Offer[]): number | undefined => {
  let greatest: number | undefined;
  const added: number[] = [];
  for (const {amount, add} of offers) {
    if (typeof amount === 'number' && !(amount <= (greatest ?? Number.NEGATIVE_INFINITY))) greatest = amount;
    if (add > 0) added.push(add);
  }
  if (greatest === undefined && added.length === 0) return undefined;
  // In order of their size, since a sum of decimals depends on it.
  const sum = added.sort((a, b) => a - b).reduce((before, add) => before + add, 0) + (greatest ?? 0);
  return sum === Number.POSITIVE_INFINITY ? sum : Math.min(sum, Number.MAX_SAFE_INTEGER);
};

const unionOf = (offers: readonly Offer[]): readonly string[] | undefined => {
  const items = new Set<string>();
  let any = false;
  for (const {amount} of offers) {
    if (!isList(amount)) continue;
    any = true;
    for (const item of amount) items.add(item);
  }
  return any ? [...items].sort(byCodeUnits) : undefined;
};

const textOf = (offers: readonly Offer[]): string | undefined => {
  let best: (Offer & {readonly amount: string}) | undefined;
  for (const {amount, ...offer} of offers) {
    if (typeof amount !== 'string') continue;
    const other = {...offer, amount};
    if (best === undefined || standsBefore(other, best)) best = other;
  }
  return best?.amount;
};

type TextOffer = Offer & {readonly amount: string};

/** Two grants of one plan with texts of their own differ in nothing that counts: then the text decides. */
const standsBefore = (a: TextOffer, b: TextOffer): boolean => {
  const rank = (a.rank ?? Number.NEGATIVE_INFINITY) - (b.rank ?? Number.NEGATIVE_INFINITY);
  if (rank > 0 || rank < 0) return rank > 0;
  if (a.own !== b.own) return a.own;
  return a.amount < b.amount;
};

const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export const isList = (amount: unknown): amount is readonly string[] => Array.isArray(amount);

export const isSameAmount = (a: Amount | undefined, b: Amount | undefined): boolean =>
  isList(a) && isList(b) ? a.length === b.length && a.every((item, at) => item === b[at]) : a === b;
