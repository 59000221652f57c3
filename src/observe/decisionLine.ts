// A remembered decision as JSON, in the one spelling of the decision log and the admin pages (decisionLineSchema.ts).

import {claimByKeys, claimNamed} from '../core/claimPath.ts';
import type {Principal} from '../core/principal.ts';
import {spelledAuthority} from '../core/request/authority.ts';
import type {Request} from '../core/request/request.ts';
import {type DecisionLine, lineVersion, type Replay} from './decisionLineSchema.ts';
import {printable} from './redact.ts';
import {pathOf, type Remembered, type RememberedRequest} from './remembered.ts';
import {traceIdOf} from './tracing.ts';

/** Turns what is remembered into a line. */
export type LineOf = (of: Remembered) => DecisionLine;

const longestPath = 512;
/** Whoever decides again needs it whole. */
const longestReplayed = 2_048;

/** Without what it takes to decide once more. */
export const plainLine: LineOf = (of) => lineOf(of, longestPath);

/** Claims that rules read: by path (`plan.name`), and by name as it stands; `all`: there is no telling which. */
export interface ClaimsRead {
  readonly paths: readonly string[];
  readonly names: readonly string[] | 'all';
}

/** With it. `claims`: those that rules read, whose values are told, too. */
export const makeReplayLine = ({paths, names}: ClaimsRead): LineOf => {
  const read: ClaimsRead = {paths: ['email_verified', ...paths], names};
  return (of) => ({...lineOf(of, longestReplayed), replay: replayOf(of, read)});
};

const lineOf = (of: Remembered, mostPath: number): DecisionLine => {
  const {request, principal, unmet} = of;
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
    plan: shown(of.plan, 256),
    grace: of.grace,
    ...(request && fieldsOf(request, mostPath)),
    duration_ms: milliseconds(of.seconds),
    dependency: of.dependency,
    detail: shown(of.outage ?? of.detail, 512),
    unmet: unmet?.part,
    wanted: unmet?.wanted,
    got: unmet?.got,
    shadow: of.outcome === 'shadow_deny' ? true : undefined,
    place: of.place,
    steps: of.steps,
  };
};

/** What was asked for, in the words of a line. */
export const requestFields = ({kind, method, host, target, headers}: Request) =>
  fieldsOf({kind, method, host, path: pathOf(target), headerValues: headers}, longestPath);

type Fields = Pick<RememberedRequest, 'kind' | 'method' | 'host' | 'path' | 'headerValues'>;

const fieldsOf = (request: Fields, mostPath: number) => ({
  method: shown(request.method, 32),
  host: shown(spelledAuthority(request.host) ?? request.host, 255),
  path: request.kind === 'http' ? shown(request.path, mostPath) : undefined,
  request_id: shown(request.headerValues.get('x-request-id'), 128),
  trace_id: traceIdOf(request.headerValues.get('traceparent')),
});

const replayOf = ({request, principal}: Remembered, claims: ClaimsRead): Replay | undefined =>
  request && {
    connection: request.kind === 'connection' ? true : undefined,
    scheme: shown(request.scheme, 16),
    authority: request.host === spelledAuthority(request.host) ? undefined : shown(request.host, 260),
    cut: request.cut ? true : undefined,
    named_rule: shown(request.namedRule, 256),
    header_names: request.headerNames.map((name) => printable(name, 128)),
    header_values: someOf([...request.headerValues].map(([name, value]) => [name, printable(value, 512)])),
    who: principal && whoOf(principal, claims),
  };

const whoOf = (principal: Principal, {paths, names}: ClaimsRead): Replay['who'] => ({
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
  claim_values: someOf([
    ...valuesOf(paths, (path) => claimNamed(principal.claims, path)),
    ...valuesOf(names === 'all' ? Object.keys(principal.claims) : names, (name) =>
      claimByKeys(principal.claims, [name]),
    ),
  ]),
});

const valuesOf = (names: readonly string[], read: (name: string) => unknown) =>
  names.flatMap((name): [string, unknown][] => {
    const value = read(name);
    return value === undefined ? [] : [[name, value]];
  });

const listed = (items: readonly string[]): string[] | undefined => (items.length === 0 ? undefined : [...items]);

const someOf = <T>(entries: [string, T][]): Record<string, T> | undefined =>
  entries.length === 0 ? undefined : Object.fromEntries(entries);

const shown = (text: string | undefined, most: number) =>
  text === undefined || text === '' ? undefined : printable(text, most);

/** To the microsecond. */
const milliseconds = (seconds: number) => Math.round(seconds * 1_000_000) / 1_000;
