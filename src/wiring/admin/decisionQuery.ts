// Which of the last decisions somebody wants to see, read from a query: ?rule=read-orders&outcome=deny&limit=20.
import {suggestion} from '../../core/words/nearest.ts';
import type {Outcome} from '../../observe/outcome.ts';
import type {Remembered} from '../../observe/remembered.ts';

export interface DecisionQuery {
  readonly limit: number;
  readonly before: string | undefined;
  readonly fits: (one: Remembered) => boolean;
}

/** Most on one page. */
export const mostListed = 1_000;
const usual = 100;

const outcomes: readonly Outcome[] = ['allow', 'deny', 'answer', 'error', 'shadow_deny'];
const pages = ['limit', 'before'] as const;
/** What can be looked for; `none` finds the decisions without. */
const fields = ['rule', 'reason', 'outcome', 'tenant', 'subject', 'provider', 'method'] as const;
type Field = (typeof fields)[number];

/** The query, or a sentence that says what is wrong with it. */
export const decisionQueryOf = (query: URLSearchParams): DecisionQuery | string => {
  const known: readonly string[] = [...pages, ...fields, 'since'];
  for (const name of new Set(query.keys())) {
    if (!known.includes(name))
      return `There is no parameter ${JSON.stringify(name.slice(0, 64))}${suggestion(name, known)}`;
    if (query.getAll(name).length > 1) return `${name} is there more than once: ask for one at a time.`;
  }
  const limit = query.get('limit') ?? String(usual);
  if (!/^[1-9]\d{0,3}$/.test(limit) || Number(limit) > mostListed) return `limit is a number from 1 to ${mostListed}.`;
  const outcome = query.get('outcome');
  if (outcome !== null && !outcomes.includes(outcome as Outcome)) {
    return `outcome is one of ${outcomes.join(', ')}.`;
  }
  const since = momentOf(query.get('since'));
  if (since === undefined) return 'since is a time such as 2027-01-31T12:00:00Z, or seconds since the epoch.';
  const wanted = fields.flatMap((field): [Field, string][] => {
    const value = query.get(field);
    return value === null ? [] : [[field, value]];
  });
  return {
    limit: Number(limit),
    before: query.get('before') ?? undefined,
    fits: (one) => one.at >= since && wanted.every(([field, value]) => (fieldOf(one, field) ?? 'none') === value),
  };
};

const fieldOf = ({request, principal, ...one}: Remembered, field: Field): string | undefined => {
  switch (field) {
    case 'tenant':
    case 'subject':
      return principal?.[field];
    case 'method':
      return request?.method;
    default:
      return one[field];
  }
};

/** Milliseconds since the epoch; the beginning of time where nothing is asked. */
const momentOf = (given: string | null): number | undefined => {
  if (given === null) return Number.NEGATIVE_INFINITY;
  if (/^\d{1,12}(\.\d{1,6})?$/.test(given)) return Number(given) * 1_000;
  const time = /^\d{4}-\d\d-\d\dT.*([Zz]|[+-]\d\d:\d\d)$/.test(given) ? Date.parse(given) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
};
