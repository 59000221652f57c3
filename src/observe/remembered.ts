// What is kept of a decision for whoever asks about it later: no credential, no cookie, no query.
import type {CheckContext, Decision} from '../core/decision.ts';
import type {Principal} from '../core/principal.ts';
import {type Request, rawPathOf} from '../core/request/request.ts';
import type {UnmetPart} from '../core/requirement/unmet.ts';
import {type Outcome, outcomeOf, reasonOf} from './outcome.ts';
import {withoutJwts} from './redact.ts';

/** A request without what is secret in it. */
export interface RememberedRequest extends Pick<Request, 'kind' | 'method' | 'scheme' | 'host' | 'source'> {
  /** As sent, without query, and without what may be secret in it. */
  readonly path: string;
  /** The path is not whole: something of it was left out, or it is too long to keep. */
  readonly cut: boolean;
  readonly namedRule?: string;
  /** In lower case, in the order in which they came. */
  readonly headerNames: readonly string[];
  /** Of the headers that a rule or Postern itself reads and that are no credentials. */
  readonly headerValues: ReadonlyMap<string, string>;
}

export interface Remembered {
  readonly id: string;
  /** Milliseconds since the epoch: when it was asked. */
  readonly at: number;
  readonly seconds: number;
  readonly outcome: Outcome;
  readonly reason?: string | undefined;
  readonly rule?: string | undefined;
  readonly provider?: string | undefined;
  /** Where the credential stood, or the one place where one was expected: `header:authorization:bearer`. */
  readonly place?: string | undefined;
  readonly detail?: string | undefined;
  readonly unmet?: UnmetPart | undefined;
  /** What did not answer, and how. */
  readonly dependency?: string | undefined;
  readonly outage?: string | undefined;
  /** The highest plan, where anything asks for plans. */
  readonly plan?: string | undefined;
  readonly grace?: true | undefined;
  /** Undefined where it could not be read. */
  readonly request?: RememberedRequest | undefined;
  /** Milliseconds by step, where they are measured. */
  readonly steps?: Readonly<Record<string, number>> | undefined;
  /** With its claims: whoever shows it leaves them out. */
  readonly principal?: Principal | undefined;
}

/** What of a context is needed. */
export type Moment = Pick<CheckContext, 'id' | 'now'>;

export type Remember = (
  moment: Moment,
  request: Request | undefined,
  decision: Decision,
  seconds: number,
) => Remembered;

/** Headers that Postern itself reads besides credentials: for a page load, a preflight, the log. */
const ownHeaders = [
  'accept',
  'access-control-request-headers',
  'access-control-request-method',
  'origin',
  'sec-fetch-dest',
  'sec-fetch-mode',
  'traceparent',
  'x-request-id',
];
const mostNames = 100;
const longestName = 128;
const longestValue = 512;
const longestPath = 2_048;
const longestHost = 260;

/**
 * `read`: headers that rules read, in lower case; `secret`: those in which credentials stand, whatever rules read.
 * `stepsOf`: what was measured.
 */
export const makeRemember = (
  read: Iterable<string>,
  secret: Iterable<string>,
  stepsOf?: (request: Request) => Readonly<Record<string, number>> | undefined,
): Remember => {
  const kept = new Set([...ownHeaders, ...read]);
  for (const name of ['authorization', 'cookie', 'proxy-authorization', 'set-cookie', ...secret]) kept.delete(name);

  const requestOf = (request: Request): RememberedRequest => {
    const headerNames: string[] = [];
    const headerValues = new Map<string, string>();
    for (const [name, value] of request.headers) {
      if (name.startsWith(':') || headerNames.length >= mostNames || name.length > longestName) continue;
      headerNames.push(name);
      if (kept.has(name)) headerValues.set(name, whole(withoutJwts(value.slice(0, longestValue))));
    }
    const {kind, method, scheme, host, target, source, namedRule} = request;
    const path = pathOf(target);
    return {
      kind,
      method: method.slice(0, 64),
      scheme,
      host: host.includes('@') || host.length > longestHost ? whole(maskedHost(host)) : host,
      source,
      path,
      cut: path !== rawPathOf(target),
      ...(namedRule !== undefined && {namedRule}),
      headerNames,
      headerValues,
    };
  };

  return ({id, now}, request, decision, seconds) => ({
    id,
    at: now,
    seconds,
    outcome: outcomeOf(decision),
    reason: reasonOf(decision),
    rule: decision.rule,
    provider: decision.provider ?? decision.principal?.provider,
    place: decision.credentialPlace?.label,
    detail: decision.detail && whole(decision.detail),
    unmet: decision.unmet && ownUnmet(decision.unmet),
    dependency: decision.outage?.dependency,
    outage: decision.outage?.message,
    plan: decision.outcome === 'allow' ? decision.holdings?.plans[0] : undefined,
    grace: decision.grace === true ? true : undefined,
    request: request && requestOf(request),
    steps: request && stepsOf?.(request),
    principal: decision.principal,
  });
};

/**
 * The path alone: no query or fragment, not even an encoded one, no parameters (`;jsessionid=` is a session), no JWT.
 * A copy of its own, so that it does not keep the whole target in memory.
 */
export const pathOf = (target: string): string => {
  const cut = rawPathOf(target).slice(0, longestPath);
  const path = /[#;]|%3f|%23|%3b/i.test(cut) ? withoutHidden(cut) : cut;
  const safe = withoutJwts(path);
  return safe === target ? target : whole(safe);
};

const withoutHidden = (path: string): string =>
  (path.split(/[?#]|%3f|%23/i, 1)[0] ?? '').replace(/(;|%3b)[^/]*/gi, ';…');

/** `user:password@host` is a credential. */
const maskedHost = (host: string): string => host.slice(0, longestHost).replace(/^.*@/, '…@');

/** What a path captures is a part of it. */
const ownUnmet = ({wanted, ...unmet}: UnmetPart): UnmetPart => ({
  ...unmet,
  wanted: typeof wanted === 'string' ? whole(wanted) : wanted,
});

/** A part of a text keeps the whole text alive in V8; this does not. */
const whole = (text: string): string => Buffer.from(text).toString();
