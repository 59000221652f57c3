// One line for a decision. It names who asked for what and why it was refused, and holds no credential, cookie, query,
// nor any claim but subject and tenant.
import {spelledAuthority} from '../core/authority.ts';
import type {Decision} from '../core/decision.ts';
import {type Request, rawPathOf} from '../core/request.ts';
import type {Log} from './log.ts';
import {outcomeOf, reasonOf} from './outcome.ts';
import {printable} from './redact.ts';
import type {Moment} from './remembered.ts';
import type {LogSettings} from './settings.ts';
import {traceIdOf} from './tracing.ts';

/** `request` is undefined where it could not be read. `seconds`: how long the decision took. */
export interface DecisionLog {
  decided(moment: Moment, request: Request | undefined, decision: Decision, seconds: number): void;
  /** A decision that ended in a bug: written whatever `log.decisions` says. */
  failed(moment: Moment, request: Request | undefined, error: unknown, seconds: number): void;
}

export interface DecisionLogParts {
  readonly log: Log;
  readonly settings: Pick<LogSettings, 'decisions'>;
}

/** Writes allow and deny at `info`, what could not be decided at `warn`, a bug at `error`. */
export const makeDecisionLog = ({log, settings}: DecisionLogParts): DecisionLog => ({
  decided: ({id}, request, decision, seconds) => {
    if (settings.decisions === 'none') return;
    const outcome = outcomeOf(decision);
    if ((outcome === 'allow' || outcome === 'answer') && settings.decisions === 'denied') return;
    const line = outcome === 'error' ? log.warn : log.info;
    line(
      {
        decision: id,
        outcome,
        reason: reasonOf(decision),
        rule: decision.rule,
        provider: decision.provider ?? decision.principal?.provider,
        subject: shown(decision.principal?.subject, 256),
        tenant: shown(decision.principal?.tenant, 256),
        ...requestFields(request),
        duration_ms: milliseconds(seconds),
        ...outageFields(decision),
        ...(decision.outage === undefined && {detail: shown(decision.detail, 512)}),
        shadow: outcome === 'shadow_deny' ? true : undefined,
      },
      'decision',
    );
  },
  failed: ({id}, request, error, seconds) =>
    log.error(
      {
        decision: id,
        outcome: 'error',
        reason: 'internal',
        ...requestFields(request),
        duration_ms: milliseconds(seconds),
        err: error,
      },
      'a decision failed because of a bug in Postern; the request was answered 500',
    ),
});

/** How lines name a request. */
export const requestFields = (request: Request | undefined) =>
  request === undefined
    ? {}
    : {
        method: shown(request.method, 32),
        host: shown(spelledAuthority(request.host) ?? request.host, 255),
        path: request.kind === 'http' ? loggedPath(request.target) : undefined,
        request_id: shown(request.headers.get('x-request-id'), 128),
        trace_id: traceIdOf(request.headers.get('traceparent')),
      };

/** What did not answer, and how: an outage is looked for by these. */
const outageFields = (decision: Decision) =>
  decision.outage !== undefined
    ? {dependency: decision.outage.dependency, detail: printable(decision.outage.message, 512)}
    : {};

/** The path alone: no query or fragment, not even an encoded one, and no parameters (`;jsessionid=` is a session). */
const loggedPath = (target: string) => {
  const [path = ''] = rawPathOf(target)
    .slice(0, 2_048)
    .split(/[?#]|%3f|%23/i);
  return printable(path.replace(/(;|%3b)[^/]*/gi, ';…'), 512);
};

const shown = (text: string | undefined, most: number) =>
  text === undefined || text === '' ? undefined : printable(text, most);

const milliseconds = (seconds: number) => Math.round(seconds * 1_000_000) / 1_000;
