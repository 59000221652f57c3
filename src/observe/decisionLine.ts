// A remembered decision as JSON, in the spelling of the decision log; what the log does not hold stands in `replay`.
import {spelledAuthority} from '../core/authority.ts';
import {printable} from './redact.ts';
import type {Remembered, RememberedRequest} from './remembered.ts';
import {traceIdOf} from './tracing.ts';

/** The version of this form: a field that goes, or means something else, makes it another. */
export const lineVersion = 1;

/** A decision as it is shown. Fields that do not apply are absent. */
export interface DecisionLine {
  readonly v: typeof lineVersion;
  /** RFC 3339, when it was asked. */
  readonly time: string;
  /** The id that the answer carries. */
  readonly decision: string;
  readonly outcome: Remembered['outcome'];
  readonly reason?: string | undefined;
  readonly rule?: string | undefined;
  readonly provider?: string | undefined;
  readonly subject?: string | undefined;
  readonly tenant?: string | undefined;
  readonly method?: string | undefined;
  /** As the rules compare it. */
  readonly host?: string | undefined;
  /** Without query, and without what may be secret in it. */
  readonly path?: string | undefined;
  readonly request_id?: string | undefined;
  readonly trace_id?: string | undefined;
  readonly duration_ms: number;
  /** What did not answer. */
  readonly dependency?: string | undefined;
  /** What was wanted and what came; or how the dependency failed. */
  readonly detail?: string | undefined;
  readonly shadow?: true | undefined;
  /** Where the credential stood: `header:authorization:bearer`. */
  readonly place?: string | undefined;
  /** What it takes to decide it once more. */
  readonly replay?: Replay | undefined;
}

/** What a rule may look at besides, without any credential. Absent is empty, false or unknown. */
export interface Replay {
  readonly connection?: true | undefined;
  readonly scheme?: string | undefined;
  /** The authority as sent, where it is not `host`. */
  readonly authority?: string | undefined;
  /** The path is not whole: the decision cannot be repeated. */
  readonly cut?: true | undefined;
  /** The rule that the route of Envoy named. */
  readonly named_rule?: string | undefined;
  readonly header_names?: readonly string[] | undefined;
  /** Of headers that a rule or Postern itself reads and that are no credentials. */
  readonly header_values?: Readonly<Record<string, string>> | undefined;
  readonly who?: ReplayPrincipal | undefined;
}

export interface ReplayPrincipal {
  readonly kind: 'user' | 'service';
  readonly roles?: readonly string[] | undefined;
  readonly permissions?: readonly string[] | undefined;
  readonly permission_patterns?: true | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly email?: string | undefined;
  readonly stated_email?: string | undefined;
  readonly session_id?: string | undefined;
  readonly token_id?: string | undefined;
  readonly issued_at?: number | undefined;
  readonly expires_at?: number | undefined;
  readonly auth_time?: number | undefined;
  readonly acr?: string | undefined;
  readonly amr?: readonly string[] | undefined;
  /** Names alone: what they hold stays where it is. */
  readonly claim_names?: readonly string[] | undefined;
}

export const lineOf = (of: Remembered): DecisionLine => {
  const {request, principal} = of;
  return {
    v: lineVersion,
    time: new Date(of.at).toISOString(),
    decision: of.id,
    outcome: of.outcome,
    reason: of.reason,
    rule: of.rule,
    provider: of.provider,
    subject: shown(principal?.subject, 256),
    tenant: shown(principal?.tenant, 256),
    ...(request && requestFields(request)),
    duration_ms: Math.round(of.seconds * 1_000_000) / 1_000,
    dependency: of.dependency,
    detail: shown(of.outage ?? of.detail, 512),
    shadow: of.outcome === 'shadow_deny' ? true : undefined,
    place: of.place,
    replay: replayOf(of),
  };
};

const requestFields = (request: RememberedRequest) => ({
  method: shown(request.method, 32),
  host: shown(spelledAuthority(request.host) ?? request.host, 255),
  path: request.kind === 'http' ? shown(request.path, 2_048) : undefined,
  request_id: shown(request.headerValues.get('x-request-id'), 128),
  trace_id: traceIdOf(request.headerValues.get('traceparent')),
});

const replayOf = ({request, principal}: Remembered): Replay | undefined =>
  request && {
    connection: request.kind === 'connection' ? true : undefined,
    scheme: shown(request.scheme, 16),
    authority: request.host === spelledAuthority(request.host) ? undefined : shown(request.host, 260),
    cut: request.cut ? true : undefined,
    named_rule: shown(request.namedRule, 256),
    header_names: request.headerNames.map((name) => printable(name, 128)),
    header_values: someOf(request.headerValues),
    who: principal && {
      kind: principal.kind,
      roles: listed(principal.roles),
      permissions: listed(principal.permissions),
      permission_patterns: principal.permissionPatterns,
      scopes: listed(principal.scopes),
      email: principal.email,
      stated_email: principal.statedEmail,
      session_id: principal.sessionId,
      token_id: principal.tokenId,
      issued_at: principal.issuedAt,
      expires_at: principal.expiresAt,
      auth_time: principal.authTime,
      acr: principal.acr,
      amr: listed(principal.amr),
      claim_names: listed(Object.keys(principal.claims)),
    },
  };

const listed = (items: readonly string[]): readonly string[] | undefined => (items.length === 0 ? undefined : items);

const someOf = (values: ReadonlyMap<string, string>) =>
  values.size === 0 ? undefined : Object.fromEntries([...values].map(([name, value]) => [name, printable(value, 512)]));

const shown = (text: string | undefined, most: number) =>
  text === undefined || text === '' ? undefined : printable(text, most);
