// Where the next configuration would decide otherwise: counted by rule, told in the log with both reasons.
import type {Decision} from '../core/decision.ts';
import type {Request} from '../core/request/request.ts';
import {makeSeldom} from '../core/seldom.ts';
import {requestFields} from './decisionLine.ts';
import type {Log} from './log.ts';
import type {Metrics} from './metrics.ts';
import {outcomeOf, reasonOf} from './outcome.ts';
import {printable} from './redact.ts';

/** One request, and what both configurations make of it. */
export interface Compared {
  readonly id: string;
  readonly request: Request;
  readonly decision: Decision;
  readonly next: Decision;
}

/** Milliseconds between two lines of one kind. */
const pause = 10_000;
/** Kinds that are remembered at once; names of rules come and go with reloads. */
const mostKinds = 2_000;

/** `steady` in milliseconds. */
export const makeDifferences = (
  metrics: Pick<Metrics, 'shadowed' | 'differed'>,
  log: Pick<Log, 'info'>,
  steady: () => number,
): ((compared: Compared) => void) => {
  let seldom = makeSeldom(pause, steady);
  let kinds = new Set<string>();
  const countOf = (kind: string): number | undefined => {
    if (kinds.size >= mostKinds) {
      kinds = new Set();
      seldom = makeSeldom(pause, steady);
    }
    kinds.add(kind);
    return seldom(kind);
  };
  return ({id, request, decision, next}) => {
    if (isSame(decision, next)) return metrics.shadowed('same');
    metrics.shadowed('different');
    const [was, would] = [sideOf(decision), sideOf(next)];
    metrics.differed(was.rule, was.outcome, would.outcome);
    const count = countOf(JSON.stringify([was.rule, was.outcome, was.reason, would.rule, would.outcome, would.reason]));
    if (count === undefined) return;
    const fields = {decision: id, ...requestFields(request), ...was, next: would, count};
    log.info(fields, 'the next configuration would decide this otherwise');
  };
};

/** The outcome, why, and, of who is let in, whom the upstream is told of. Names of rules are a matter of taste. */
const isSame = (decision: Decision, next: Decision): boolean =>
  outcomeOf(decision) === outcomeOf(next) &&
  reasonOf(decision) === reasonOf(next) &&
  (decision.outcome === 'deny' ||
    (['provider', 'kind', 'subject', 'tenant'] as const).every(
      (what) => decision.principal?.[what] === next.principal?.[what],
    ));

const sideOf = (decision: Decision) => ({
  rule: decision.rule,
  outcome: outcomeOf(decision),
  reason: reasonOf(decision),
  provider: decision.provider ?? decision.principal?.provider,
  subject: shown(decision.principal?.subject, 256),
  tenant: shown(decision.principal?.tenant, 256),
  detail: shown(decision.outage?.message ?? decision.detail, 512),
});

const shown = (text: string | undefined, most: number) => (text === undefined ? undefined : printable(text, most));
