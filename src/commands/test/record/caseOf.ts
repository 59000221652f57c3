// A decision as a case: what was asked, what was found of the credential, and what came of it.
import {type Reason, refusals} from '../../../core/refusals.ts';
import type {DecisionLine} from '../../../observe/decisionLineSchema.ts';
import type {Outcome} from '../../../observe/outcome.ts';
import type {ReadDecision} from './read.ts';

/** A case in the form of its file; what is absent is as usual there. */
export interface RecordedCase {
  readonly it: string;
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly scheme?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly credential?: object | undefined;
  readonly rule?: string | undefined;
  readonly at: string;
  readonly expect: {readonly outcome: 'allow' | 'deny'; readonly reason?: string; readonly rule: string | null};
}

export interface Recorded {
  readonly of: ReadDecision;
  readonly one: RecordedCase;
  /** Undefined: nobody was proved. */
  readonly principal: object | undefined;
}

/** Why a decision cannot become a case. */
export interface Left {
  readonly of: ReadDecision;
  readonly left: string;
}

export const recordedOf = (of: ReadDecision): Recorded | Left => {
  const {line} = of;
  const left = reasonToLeave(line);
  if (left !== undefined) return {of, left};
  const {replay = {}, method = '', path = '/', host = ''} = line;
  const principal = principalOf(line);
  const {reason} = line;
  return {
    of,
    principal,
    one: {
      it: nameOf(line),
      method,
      path,
      host: replay.authority ?? host,
      scheme: replay.scheme === 'http' ? 'http' : undefined,
      headers: replay.header_values,
      credential: credentialOf(line),
      rule: replay.named_rule,
      at: line.time,
      expect: {
        outcome: line.outcome === 'allow' || line.outcome === 'shadow_deny' ? 'allow' : 'deny',
        ...(reason !== undefined && line.outcome !== 'answer' && {reason}),
        rule: line.rule ?? null,
      },
    },
  };
};

const reasonToLeave = ({outcome, reason = '', replay, subject, path = ''}: DecisionLine): string | undefined => {
  if (outcome === 'error') return 'an outage or a fault says nothing of the rules';
  if (ofEdge.has(reason)) return 'it was answered before any rule was looked at';
  if (replay?.connection === true) return 'a connection without an HTTP request is no case';
  if (replay?.cut === true || path.includes('…')) return 'something of its path was left out';
  if (subject !== undefined && replay?.who === undefined)
    return 'it does not say what its principal may do: set log.decisions.replay';
  return undefined;
};

const ofEdge = new Set(['malformed_request', 'request_too_large']);

const principalOf = ({provider, subject, tenant, replay}: DecisionLine): object | undefined => {
  const {who} = replay ?? {};
  if (who === undefined || subject === undefined) return undefined;
  return {
    provider,
    kind: who.kind === 'service' ? 'service' : undefined,
    subject,
    tenant,
    roles: who.roles,
    permissions: who.permissions,
    permissionPatterns: who.permission_patterns,
    scopes: who.scopes,
    email: who.email,
    statedEmail: who.stated_email,
    issuedAt: who.issued_at,
    expiresAt: who.expires_at,
    authTime: who.auth_time,
    acr: who.acr,
    amr: who.amr,
    claims: who.claim_values,
  };
};

/** What of the requirement comes after the credential: such a reason is the rule's, not the provider's. */
const credentialOf = ({place, provider, reason, outcome, rule, replay}: DecisionLine): object | undefined => {
  if (replay?.who !== undefined) {
    return {
      place,
      revoked: reason === 'revoked' ? true : undefined,
      related: reason === 'not_related' ? false : outcome === 'allow' ? true : undefined,
    };
  }
  const names = replay?.header_names;
  const isUnrecorded = place === undefined && (names === undefined || names.some((name) => mayProve.test(name)));
  if (rule === undefined || reason === undefined || !Object.hasOwn(refusals, reason) || reason === 'denied_by_rule') {
    return isUnrecorded ? {unrecorded: true} : undefined;
  }
  if (reason === 'no_credential') return undefined;
  const rejected = reason as Reason;
  return {place, provider, rejected};
};

/** Headers in which credentials stand. */
const mayProve = /authorization|cookie|token|key|session|jwt|subprotocol|sec-websocket-protocol/;

/** `GET api.example/orders/7, alice of acme: deny missing_role`. */
const nameOf = ({method = '', host = '', path = '/', subject, tenant, outcome, reason}: DecisionLine): string => {
  const who = subject === undefined ? 'nobody' : `${subject}${tenant === undefined ? '' : ` of ${tenant}`}`;
  const what: Record<Outcome, string> = {
    allow: 'is allowed',
    deny: 'is refused',
    answer: 'is answered',
    error: 'is an error',
    shadow_deny: 'is allowed by a shadow rule',
  };
  return `${method} ${host}${path}: ${who} ${what[outcome]}${reason === undefined ? '' : ` (${reason})`}`.slice(0, 300);
};
