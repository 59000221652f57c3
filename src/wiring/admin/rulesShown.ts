// Rules as they are shown: what each is for, what it asks, and how often it decided what.
import type {Access, Rule} from '../../core/rule/rules.ts';
import type {Metrics} from '../../observe/metrics.ts';

interface ShownRule extends Pick<Rule, 'name' | 'match'> {
  readonly access: Access['access'];
  readonly require?: object;
  readonly shadow?: true;
  /** By outcome: those that have been. */
  readonly hits: Readonly<Record<string, number>>;
  readonly total: number;
}

/** Most on one page. */
const most = 1_000;
const usual = 500;

/** A page of rules, or a sentence that says what is wrong with the query. `after`: the number of the last one seen. */
export const rulesShown = (
  query: URLSearchParams,
  rules: readonly Rule[],
  metrics: Pick<Metrics, 'read'>,
): {rules: readonly ShownRule[]; total: number; unmatched: number; next?: number} | string => {
  const limit = query.get('limit') ?? String(usual);
  const after = query.get('after') ?? '0';
  if (!/^[1-9]\d{0,3}$/.test(limit) || Number(limit) > most) return `limit is a number from 1 to ${most}.`;
  if (!/^\d{1,7}$/.test(after)) return 'after is the number of a rule, from 0.';
  const end = Number(after) + Number(limit);
  const page = rules.slice(Number(after), end);
  const counts = countsOf(metrics, new Set(page.map(({name}) => name)));
  return {
    rules: page.map((rule) => shownRule(rule, counts.get(rule.name) ?? {})),
    total: rules.length,
    unmatched: sumOf(counts.get('none') ?? {}),
    ...(end < rules.length && {next: end}),
  };
};

const shownRule = ({name, match, access, shadow}: Rule, hits: Readonly<Record<string, number>>): ShownRule => ({
  name,
  match,
  access: access.access,
  ...('require' in access && {require: access.require}),
  ...(shadow && {shadow}),
  hits,
  total: sumOf(hits),
});

const sumOf = (hits: Readonly<Record<string, number>>): number =>
  Object.values(hits).reduce((sum, one) => sum + one, 0);

/** By rule and outcome, of these rules and of the requests that none matched. */
const countsOf = (metrics: Pick<Metrics, 'read'>, names: ReadonlySet<string>) => {
  const counts = new Map<string, Record<string, number>>();
  for (const {labels: {rule = '', outcome = ''} = {}, value} of metrics.read('postern_decisions_total')) {
    if (value === 0 || !(names.has(rule) || rule === 'none')) continue;
    const own = counts.get(rule) ?? {};
    own[outcome] = (own[outcome] ?? 0) + value;
    counts.set(rule, own);
  }
  return counts;
};
