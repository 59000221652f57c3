// What was decided, in the words of a case, and how it differs from what the case expects.
import {refusals} from '../../core/refusals.ts';
import type {Request} from '../../core/request/request.ts';
import type {DeniedHttpResponse, HeaderValueOption} from '../../envoy/wire.ts';
import type {Answered} from '../../wiring/offline/offline.ts';
import type {Expected} from './caseFile.ts';

/** What a case can see of a decision. */
export interface Actual {
  readonly outcome: Expected['outcome'];
  /** Why it is refused, or would be on a shadow rule. */
  readonly reason: string | undefined;
  readonly rule: string | undefined;
  readonly status: number | undefined;
  /** What was wanted and what came. */
  readonly detail: string | undefined;
  /** What the upstream is told: the value, or undefined for nothing. */
  readonly identity: (header: string) => string | undefined;
  /** A header of the refusal. */
  readonly header: (name: string) => string | undefined;
  /** A member of the problem that the refusal is told in. */
  readonly member: (name: string) => unknown;
}

export const actualOf = ({decision, answer}: Answered, request: Request): Actual => {
  const {rule} = decision;
  if (decision.outcome === 'allow') {
    const ok = 'ok_response' in answer ? answer.ok_response : undefined;
    const removed = new Set((ok?.headers_to_remove ?? []).map((name) => name.toLowerCase()));
    const sent = (name: string) => (removed.has(name) ? undefined : request.headers.get(name));
    return {
      outcome: 'allow',
      reason: decision.shadow ?? decision.ignored,
      rule,
      status: undefined,
      detail: decision.detail,
      identity: (name) => headerOf(ok?.headers, name.toLowerCase()) ?? sent(name.toLowerCase()),
      header: () => undefined,
      member: () => undefined,
    };
  }
  const refused = refusedOf(answer);
  return {
    outcome: refusals[decision.reason].kind === 'error' ? 'error' : 'deny',
    reason: decision.reason,
    rule,
    status: refused?.status.code,
    detail: decision.detail,
    identity: () => undefined,
    header: (name) => headerOf(refused?.headers, name.toLowerCase()),
    member: (name) => problemOf(refused)[name],
  };
};

const refusedOf = (answer: Answered['answer']): DeniedHttpResponse | undefined =>
  'failure' in answer ? undefined : (answer.denied_response ?? answer.error_response);

/** Nothing where the refusal is told in another form. */
const problemOf = (refused: DeniedHttpResponse | undefined): Readonly<Record<string, unknown>> => {
  try {
    return JSON.parse(refused?.body ?? '');
  } catch {
    return {};
  }
};

const headerOf = (lines: readonly HeaderValueOption[] | undefined, name: string): string | undefined =>
  lines?.find(({header}) => header.key.toLowerCase() === name)?.header.value;

/** One sentence for each thing that differs. */
export const differences = (expected: Expected, actual: Actual): readonly string[] => {
  const found: string[] = [];
  const compare = (what: string, wanted: unknown, got: unknown) => {
    if (wanted === undefined || wanted === got) return;
    found.push(`${what}: expected ${shown(wanted)}, got ${shown(got)}`);
  };
  compare('outcome', expected.outcome, actual.outcome);
  compare('reason', expected.reason, actual.reason);
  compare('rule', expected.rule, expected.rule === null ? (actual.rule ?? null) : actual.rule);
  compare('status', expected.status, actual.status);
  if (expected.detail !== undefined && actual.detail?.includes(expected.detail) !== true) {
    found.push(`detail: expected ${shown(expected.detail)} in it, got ${shown(actual.detail)}`);
  }
  for (const [name, value] of Object.entries(expected.identity ?? {})) {
    compare(`identity ${name}`, value, actual.identity(name) ?? null);
  }
  for (const [name, value] of Object.entries(expected.body ?? {})) {
    const got = actual.member(name) ?? null;
    if (JSON.stringify(value) !== JSON.stringify(got))
      found.push(`body ${name}: expected ${shown(value)}, got ${shown(got)}`);
  }
  for (const [name, part] of Object.entries(expected.headers ?? {})) {
    const value = actual.header(name);
    if (value?.includes(part) !== true)
      found.push(`header ${name}: expected ${shown(part)} in it, got ${shown(value)}`);
  }
  // A difference alone does not help: why it was refused is what whoever reads it asks next.
  const why = actual.reason === undefined ? [] : [`(${actual.reason}: ${sentenceOf(actual.reason)})`];
  return found.length > 0 && expected.reason === undefined ? [...found, ...why] : found;
};

const sentenceOf = (reason: string): string => refusals[reason as keyof typeof refusals].sentence;

const shown = (value: unknown): string => (value === undefined || value === null ? 'none' : JSON.stringify(value));
