// Every reason to say no, in one table: what each means to HTTP, to gRPC, to an OAuth client and to a person.

/** What one reason means on the wire. */
export interface Refusal {
  /** HTTP status of the answer. */
  readonly status: number;
  /** gRPC status code for gRPC clients (grpc/grpc: doc/statuscodes.md). */
  readonly grpc: number;
  /** `error` of WWW-Authenticate (RFC 6750 section 3.1, RFC 9470 section 3); none where no credential was sent. */
  readonly error?: 'invalid_token' | 'insufficient_scope' | 'insufficient_user_authentication';
  /** `error`: we do not know, so error_response, and Envoy's failure policy applies. */
  readonly kind: 'denial' | 'error';
  /** A sentence for a person: what is wrong and what to do. Never says what the request held. */
  readonly sentence: string;
}

const INVALID_ARGUMENT = 3;
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const INTERNAL = 13;
const UNAVAILABLE = 14;
const DEADLINE_EXCEEDED = 4;
const UNAUTHENTICATED = 16;

const unauthenticated = (sentence: string): Refusal => ({
  status: 401,
  grpc: UNAUTHENTICATED,
  error: 'invalid_token',
  kind: 'denial',
  sentence,
});
const forbidden = (sentence: string): Refusal => ({status: 403, grpc: PERMISSION_DENIED, kind: 'denial', sentence});
const badRequest = (sentence: string): Refusal => ({status: 400, grpc: INVALID_ARGUMENT, kind: 'denial', sentence});
const outage = (grpc: number, sentence: string): Refusal => ({status: 503, grpc, kind: 'error', sentence});

const table = {
  no_credential: {
    status: 401,
    grpc: UNAUTHENTICATED,
    kind: 'denial',
    sentence: 'This needs a credential, and the request has none. Sign in, or send an access token.',
  },
  malformed_credential: unauthenticated(
    'The credential cannot be read, or is too long. Send it whole, in the form that was issued.',
  ),
  unsupported_credential: unauthenticated(
    'The credential comes from an issuer that is not accepted here. Get a token from an accepted issuer.',
  ),
  bad_signature: unauthenticated('The signature of the token does not hold. Get a new token.'),
  unknown_key: unauthenticated('The token is signed with a key that its issuer does not publish. Get a new token.'),
  token_expired: unauthenticated('The token has expired. Get a new one.'),
  token_not_yet_valid: unauthenticated('The token is not valid yet. Check the clock of its issuer, or wait.'),
  wrong_issuer: unauthenticated('The token was issued by someone else than is accepted here. Get a token from there.'),
  wrong_audience: unauthenticated('The token is meant for another service. Ask for a token with this audience.'),
  wrong_client: unauthenticated(
    'The token was issued to a client that is not accepted here. Get a token with an accepted client.',
  ),
  wrong_token_type: unauthenticated(
    'This is not the kind of token that is accepted here. Send the access token, not an id or refresh token.',
  ),
  missing_claim: unauthenticated('The token lacks a claim that is required here. Ask its issuer to add it.'),
  session_invalid: unauthenticated('The session is over or unknown. Sign in again.'),
  inactive: unauthenticated('The credential is no longer active. Sign in again, or get a new one.'),
  unknown_subject: unauthenticated(
    'The account of this credential does not exist, or does not exist any more. Sign in again, or ask an administrator.',
  ),
  revoked: unauthenticated('The credential has been revoked. Sign in again.'),
  step_up_required: {
    status: 401,
    grpc: UNAUTHENTICATED,
    error: 'insufficient_user_authentication',
    kind: 'denial',
    sentence: 'This needs a stronger or more recent sign-in. Sign in again as the challenge says.',
  },
  disabled: forbidden('The account, or its organisation, is switched off. Ask an administrator to switch it on.'),
  wrong_kind: forbidden('This is not open to this kind of caller (users and services are told apart).'),
  wrong_tenant: forbidden('This belongs to another tenant. Switch to the tenant that owns it.'),
  missing_tenant: forbidden(
    'This belongs to a tenant, and the credential names none. Sign in to the tenant that owns it.',
  ),
  missing_role: forbidden('A role that is needed here is missing. Ask an administrator for it.'),
  missing_permission: forbidden('A permission that is needed here is missing. Ask an administrator for it.'),
  missing_scope: {
    status: 403,
    grpc: PERMISSION_DENIED,
    error: 'insufficient_scope',
    kind: 'denial',
    sentence: 'The token lacks a scope that is needed here. Ask for a token with this scope.',
  },
  missing_feature: forbidden('The plan does not include this feature. Upgrade the plan to use it.'),
  feature_expired: forbidden('The plan that included this feature has expired. Renew it to go on.'),
  not_related: forbidden('There is no right to this resource. Ask its owner for access.'),
  condition_failed: forbidden('A condition for this does not hold. Ask whoever runs this which one.'),
  denied_by_rule: forbidden('This is closed to everyone.'),
  no_rule: forbidden('No rule opens this. If it should be reachable, add a rule for it.'),
  ambiguous_path: badRequest(
    'The path can be read in more than one way. Send it without //, dot segments, ; or encoded separators.',
  ),
  ambiguous_host: badRequest(
    'The host can be read in more than one way. Send a plain host name or address, and a port at most.',
  ),
  duplicate_credential: badRequest(
    'The request carries the same credential header, cookie or parameter twice. Send it once.',
  ),
  malformed_request: badRequest('The request cannot be understood.'),
  unavailable: outage(UNAVAILABLE, 'A service that is needed to decide does not answer. Try again in a moment.'),
  deadline: outage(DEADLINE_EXCEEDED, 'The decision took longer than the proxy waits. Try again in a moment.'),
  request_too_large: outage(
    RESOURCE_EXHAUSTED,
    'The request is larger than can be looked at here. Send less, or ask whoever runs this to raise the limit.',
  ),
  overloaded: outage(RESOURCE_EXHAUSTED, 'There are more requests than can be decided. Try again in a moment.'),
  internal: {
    status: 500,
    grpc: INTERNAL,
    kind: 'error',
    sentence: 'A fault in the authorization service. Its log tells more, under the id of this decision.',
  },
} as const satisfies Record<string, Refusal>;

/** Why a request is refused. Part of the contract: logs, metrics and clients read it. */
export type Reason = keyof typeof table;

/** The meaning of every reason. */
export const refusals: Readonly<Record<Reason, Refusal>> = table;

/** All reasons, in the order of the documentation. */
export const reasons = Object.keys(table) as readonly Reason[];
