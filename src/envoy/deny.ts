// What a client gets that is refused: status, challenge, body; over HTTP, gRPC and gRPC-Web.

import type {Deny} from '../core/decision.ts';
import {isHeaderSafe} from '../core/headerSafe.ts';
import {type Reason, type Refusal, reasons, refusals} from '../core/refusals.ts';
import type {Request} from '../core/request/request.ts';
import {makeCors} from './browser/cors.ts';
import {makeResourceMetadata} from './browser/resourceMetadata.ts';
import type {CorsSettings, ResourceMetadataSettings} from './browser/settings.ts';
import {challengesOf} from './challenge.ts';
import {line, setCookie} from './headers.ts';
import {isNavigation, makeLogin} from './login.ts';
import {type BodyFormat, makeRefusalBody, type RefusalBody} from './refusalBody.ts';
import {makeUpgrade} from './upgrade.ts';
import type {DeniedHttpResponse, HeaderValueOption} from './wire.ts';

/** What of the settings shapes a refusal. */
export interface RefusalSettings {
  readonly format: BodyFormat;
  readonly login?: {readonly url: string} | undefined;
  readonly upgrade?: {readonly link?: string | undefined} | undefined;
  readonly status: Readonly<Partial<Record<Reason, number>>>;
  readonly cors?: CorsSettings | undefined;
  readonly resourceMetadata?: ResourceMetadataSettings | undefined;
}

/** All that a reason fixes, made once. */
interface Prepared {
  readonly refusal: Refusal;
  readonly status: number;
  readonly grpc: number;
  readonly body: RefusalBody;
  /** The status calls for WWW-Authenticate (RFC 9110 section 11.6.1), or the reason is a missing scope. */
  readonly challenges: boolean;
  readonly headers: readonly HeaderValueOption[];
}

const noStore = line('cache-control', 'no-store');

/** A reason whose status was changed also changes its gRPC code: a 404 that hides something must hide it there too. */
const grpcByStatus: Readonly<Record<number, number>> = {400: 3, 401: 16, 403: 7, 404: 5, 429: 8};

const prepare = (reason: Reason, {format, status: override}: RefusalSettings): Prepared => {
  const refusal = refusals[reason];
  const status = refusal.kind === 'denial' ? (override[reason] ?? refusal.status) : refusal.status;
  const grpc = status === refusal.status ? refusal.grpc : (grpcByStatus[status] ?? refusal.grpc);
  const body = makeRefusalBody(format, reason, refusal, status, grpc);
  const headers = [line('content-type', body.contentType), noStore];
  if (reason === 'overloaded' || reason === 'unavailable') headers.push(line('retry-after', '1'));
  const challenges = status === 401 || (status === 403 && refusal.error === 'insufficient_scope');
  return {refusal, status, grpc, body, challenges, headers};
};

/** A refusal as it goes to the client, with its gRPC code and kind for the envelope. */
export interface Refused {
  readonly kind: Refusal['kind'];
  readonly grpc: number;
  readonly response: DeniedHttpResponse;
}

/**
 * Compiles the settings. The result answers a deny decision; `request` is undefined where none could be read. Throws for
 * a reason that is not in the table (a bug, which the catch-all of the service turns into an error).
 */
export const makeRefused = (settings: RefusalSettings) => {
  const prepared = new Map(reasons.map((reason) => [reason, prepare(reason, settings)]));
  const login = settings.login ? makeLogin(settings.login.url) : undefined;
  const upgrade = settings.upgrade && makeUpgrade(settings.upgrade);
  const cors = settings.cors && makeCors(settings.cors);
  const metadata = settings.resourceMetadata && makeResourceMetadata(settings.resourceMetadata);

  const ownHeaders = (decision: Deny, {challenges, refusal}: Prepared, request: Request | undefined) => {
    const readable = cors?.headers(request) ?? [];
    const cookies = cookiesOf(decision);
    if (!challenges) return [...readable, ...cookies];
    const url = request && metadata?.urlFor(request);
    const values = challengesOf(refusal, decision.credentialPlace?.scheme, decision.challenge, url);
    return [...values.map((value) => line('www-authenticate', value)), ...readable, ...cookies];
  };

  return (decision: Deny, request: Request | undefined, id: string): Refused => {
    const known = prepared.get(decision.reason);
    if (!known) throw new TypeError('a decision with a reason that is not in the table');
    const {refusal, status, grpc, body} = known;
    const own = ownHeaders(decision, known, request);
    const type = request?.headers.get('content-type');
    if (type !== undefined && isGrpc(type)) return {kind: refusal.kind, grpc, response: grpcResponse(known, own, type)};

    const members = decision.upgrade && upgrade?.(decision.upgrade, request);
    const location = elsewhere(decision, refusal, request, members?.link);
    if (location !== undefined && isHeaderSafe(location)) {
      const headers = [line('location', location), noStore, ...cookiesOf(decision)];
      return {kind: refusal.kind, grpc, response: {status: {code: 302}, headers, body: ''}};
    }
    const headers = own.length > 0 ? [...known.headers, ...own] : known.headers;
    return {kind: refusal.kind, grpc, response: {status: {code: status}, headers, body: body.of(id, members)}};
  };

  /** Where a page load is sent instead: to sign in, or to buy what is missing. */
  function elsewhere(
    decision: Deny,
    refusal: Refusal,
    request: Request | undefined,
    link: string | undefined,
  ): string | undefined {
    if (request?.kind !== 'http') return undefined;
    if (signsIn(decision, refusal)) return login?.(request);
    return link !== undefined && isNavigation(request) ? link : undefined;
  }
};

/** Of two cookies of one name, for the host and for its parent, nobody can rid himself but by signing in again. */
const signsIn = ({reason, credentialPlace}: Deny, {status}: Refusal): boolean =>
  status === 401 || (reason === 'duplicate_credential' && credentialPlace?.kind === 'cookie');

const cookiesOf = ({setCookies = []}: Deny): HeaderValueOption[] => setCookies.filter(isHeaderSafe).map(setCookie);

const isGrpc = (contentType: string): boolean => /^application\/grpc(-web(-text)?)?($|[+; ])/i.test(contentType);
const isGrpcWeb = (contentType: string): boolean => /^application\/grpc-web/i.test(contentType);

/**
 * For a gRPC client Envoy makes the answer trailers-only: the body becomes grpc-message, and a grpc-status of ours stands
 * instead of one guessed from the HTTP status. Our content-type must not replace Envoy's there. gRPC-Web is HTTP to
 * Envoy, so both go as headers (grpc/grpc: doc/PROTOCOL-WEB.md).
 */
const grpcResponse = (
  {refusal, status, grpc}: Prepared,
  own: readonly HeaderValueOption[],
  contentType: string,
): DeniedHttpResponse => {
  const headers = [line('grpc-status', String(grpc)), ...own];
  if (!isGrpcWeb(contentType)) return {status: {code: status}, headers, body: refusal.sentence};
  headers.push(line('grpc-message', refusal.sentence), line('content-type', 'application/grpc-web+proto'), noStore);
  return {status: {code: status}, headers, body: ''};
};
