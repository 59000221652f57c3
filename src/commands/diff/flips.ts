// Which decisions are others by another configuration: each request decided by both, offline.
import {type Outcome, outcomeOf, reasonOf} from '../../observe/outcome.ts';
import type {DecidedCase} from '../test/decide.ts';

/** What one configuration makes of a request. */
export interface Side {
  readonly outcome: Outcome;
  readonly reason?: string;
  /** Undefined: none matched. */
  readonly rule?: string;
  /** What was wanted and what came. */
  readonly detail?: string;
}

export interface Flip {
  /** `cases.yaml:12`. */
  readonly where: string;
  readonly it: string;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly subject?: string;
  readonly tenant?: string;
  readonly old: Side;
  readonly new: Side;
  /** The request had a credential that the old rules did not look at: the new ones do, and it is not recorded. */
  readonly unrecorded?: true;
}

export interface Compared {
  readonly decisions: number;
  readonly flips: readonly Flip[];
  /** Requests of which one side cannot say what it would decide: what it needs is not given offline, or was not recorded. */
  readonly unsaid: readonly Flip[];
}

export interface CompareParts {
  /** Of each case, by its number. */
  readonly where: (at: number) => string;
  /** Whether a rule of the new configuration looks at credentials. */
  readonly looks: (rule: string) => boolean;
}

/** Both have decided the same cases, in the same order. */
export const compare = (
  before: readonly DecidedCase[],
  after: readonly DecidedCase[],
  {where, looks}: CompareParts,
): Compared => {
  const flips: Flip[] = [];
  const unsaid: Flip[] = [];
  for (const [at, was] of before.entries()) {
    const is = after[at] as DecidedCase;
    const {rule} = is.answered.decision;
    const isUnrecorded = was.one.credential?.unrecorded === true && rule !== undefined && looks(rule);
    const flip: Flip = {...flipOf(was, is, where(at)), ...(isUnrecorded && {unrecorded: true})};
    if (flip.old.outcome === 'error' || flip.new.outcome === 'error') unsaid.push(flip);
    else if (!isSame(was, is)) flips.push(flip);
    else if (isUnrecorded) unsaid.push(flip);
  }
  return {decisions: before.length, flips, unsaid};
};

/** The outcome, why, and, of who is let in, whom the upstream is told of. Names of rules are a matter of taste. */
const isSame = ({answered: {decision: was}}: DecidedCase, {answered: {decision: is}}: DecidedCase): boolean =>
  outcomeOf(was) === outcomeOf(is) &&
  reasonOf(was) === reasonOf(is) &&
  (was.outcome === 'deny' ||
    (['provider', 'kind', 'subject', 'tenant'] as const).every(
      (what) => was.principal?.[what] === is.principal?.[what],
    ));

const flipOf = (was: DecidedCase, is: DecidedCase, where: string): Flip => {
  const {one, request, answered} = was;
  const principal = answered.decision.principal ?? is.answered.decision.principal;
  return {
    where,
    it: one.it,
    method: request.method,
    host: request.host,
    path: one.path,
    ...(principal && {subject: principal.subject}),
    ...(principal?.tenant !== undefined && {tenant: principal.tenant}),
    old: sideOf(was),
    new: sideOf(is),
  };
};

const sideOf = ({answered: {decision}}: DecidedCase): Side => {
  const reason = reasonOf(decision);
  const detail = decision.outage?.message ?? decision.detail;
  return {
    outcome: outcomeOf(decision),
    ...(reason !== undefined && {reason}),
    ...(decision.rule !== undefined && {rule: decision.rule}),
    ...(detail !== undefined && {detail}),
  };
};
