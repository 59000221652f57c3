// Frontier's API, in both generations: keys, tokens for credentials, permissions, features.
import {z} from 'zod';
import {type Asks, jsonOf, type RemoteAnswer, type RemoteCall, type RemoteRequest} from '../../core/remote.ts';
import {Unavailable} from '../../core/unavailable.ts';

/** What Frontier refuses with, by the names that Connect has for the gRPC codes. */
export type Refused =
  | 'invalid_argument'
  | 'failed_precondition'
  | 'unauthenticated'
  | 'permission_denied'
  | 'not_found';

export type Answered<T> =
  | {readonly value: T; readonly refused?: never}
  | {readonly refused: Refused; readonly value?: never};

type Headers = Readonly<Record<string, string>>;

/** A question about one credential: it stands in the headers, which newer servers look at, and perhaps in the body too. */
export interface TokenRequest {
  readonly headers: Headers;
  readonly body: Readonly<Record<string, string>>;
}

/** Each rejects with Unavailable for an outage or an answer that cannot be understood. */
export interface FrontierApi {
  /** The JWK set, unchecked. Newer servers want a credential for it. */
  keys(headers: Headers): Promise<Answered<unknown>>;
  /** Exchanges a credential for an access token. */
  token(request: TokenRequest, deadline: number, asks?: Asks): Promise<Answered<string>>;
  /** May the owner of the token do this to that. */
  isPermitted(
    token: string,
    permission: string,
    resource: string,
    deadline: number,
    asks?: Asks,
  ): Promise<Answered<boolean>>;
  /** Has the organisation this feature. */
  hasFeature(token: string, organization: string, feature: string, deadline: number): Promise<Answered<boolean>>;
}

const service = '/raystack.frontier.v1beta1.FrontierService';
const paths = {
  connect: {
    token: `${service}/AuthToken`,
    check: `${service}/CheckResourcePermission`,
    feature: `${service}/CheckFeatureEntitlement`,
  },
  rest: {
    token: '/v1beta1/auth/token',
    check: '/v1beta1/check',
    feature: '/v1beta1/organizations/billing/check',
  },
} as const;

/** Milliseconds for one attempt: to compare a secret takes the server about a second. */
const timeout = 5_000;

/** The names of protobuf's JSON, and those of the messages themselves: servers send either. */
const tokenShape = z.union([
  z.object({access_token: z.string().min(1)}).transform((answer) => answer.access_token),
  z.object({accessToken: z.string().min(1)}).transform((answer) => answer.accessToken),
]);
/** protobuf's JSON leaves defaults out: `{}` is no. */
const statusShape = z.object({status: z.boolean().default(false)}).transform((answer) => answer.status);
const keysShape = z.object({keys: z.array(z.unknown()).default([])});

/** The header in which each generation takes an access token; a bearer without `jti` counts only as `x-user-token`. */
export const bearing = (token: string): Headers => ({authorization: `Bearer ${token}`, 'x-user-token': token});

export const basic = (id: string, secret: string): Headers => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
});

/** `dependency`: as in the metrics (`frontier:fr`). */
export const makeFrontierApi = (
  call: RemoteCall,
  dependency: string,
  {url, api}: {readonly url: string; readonly api: 'connect' | 'rest'},
): FrontierApi => {
  const post = (path: string, headers: Headers, body: unknown): RemoteRequest => ({
    method: 'POST',
    url: url + path,
    headers: {
      'content-type': 'application/json',
      ...(api === 'connect' && {'connect-protocol-version': '1'}),
      ...headers,
    },
    body: JSON.stringify(body),
    // None of these calls changes anything, so each may be repeated.
    idempotent: true,
    timeout,
  });

  const understood = <T>(answer: RemoteAnswer, shape: z.ZodType<T>): Answered<T> => {
    const refused = refusalOf(answer);
    if (refused !== undefined) return {refused};
    if (answer.status !== 404) return {value: jsonOf(dependency, answer, shape)};
    throw new Unavailable(dependency, new Error('it has no such method (404): check the settings url and api'));
  };
  const ask = async <T>(request: RemoteRequest, shape: z.ZodType<T>, deadline: number, asks?: Asks) =>
    understood(await call(dependency, asks === undefined ? request : {...request, asks}, deadline), shape);
  const askForKeys = (request: RemoteRequest) =>
    call(dependency, {...request, idempotent: false}, Number.POSITIVE_INFINITY);

  return {
    async keys(headers) {
      if (api === 'rest') {
        const answer = await askForKeys({method: 'GET', url: `${url}/.well-known/jwks.json`, timeout});
        return {value: jsonOf(dependency, answer, keysShape)};
      }
      // Published as GetJWKs, and met as GetJWKS: names of procedures are case-sensitive.
      const answer = await askForKeys(post(`${service}/GetJWKs`, headers, {}));
      const isUnknown = answer.status === 404 || answer.status === 501;
      return understood(isUnknown ? await askForKeys(post(`${service}/GetJWKS`, headers, {})) : answer, keysShape);
    },
    token: ({headers, body}, deadline, asks) => ask(post(paths[api].token, headers, body), tokenShape, deadline, asks),
    isPermitted: (token, permission, resource, deadline, asks) =>
      ask(post(paths[api].check, bearing(token), {resource, permission}), statusShape, deadline, asks),
    hasFeature: (token, organization, feature, deadline) =>
      ask(post(paths[api].feature, bearing(token), {org_id: organization, feature}), statusShape, deadline),
  };
};

/** Status, number of the older generation, name of the newer one: https://connectrpc.com/docs/protocol, "Error codes". */
const refusals: readonly (readonly [status: number, number: number, name: Refused])[] = [
  [400, 3, 'invalid_argument'],
  // Of a service user: its organisation is disabled.
  [400, 9, 'failed_precondition'],
  [401, 16, 'unauthenticated'],
  [403, 7, 'permission_denied'],
  [404, 5, 'not_found'],
];

/**
 * Frontier's own word that it refuses: the status and the code of the body must agree. A proxy's 401 page is no such word,
 * nor is the older gateway's `Not Found` for a path that it does not have.
 */
const refusalOf = ({status, body}: RemoteAnswer): Refused | undefined => {
  if (status === 500) return isDisabled(body) ? 'failed_precondition' : undefined;
  const ofStatus = refusals.filter(([of]) => of === status);
  if (ofStatus.length === 0) return undefined;
  try {
    const {code, message} = JSON.parse(body) as {readonly code?: unknown; readonly message?: unknown};
    if (status === 404 && message === 'Not Found') return undefined;
    return ofStatus.find(([, number, name]) => code === number || code === name)?.[2];
  } catch {
    return undefined;
  }
};

/** The older generation has no code for a service user whose organisation is disabled: its error goes out as it is. */
const isDisabled = (body: string): boolean => {
  try {
    const {code, message} = JSON.parse(body) as {readonly code?: unknown; readonly message?: unknown};
    return (code === 13 || code === 2) && typeof message === 'string' && /\borg is disabled\b/.test(message);
  } catch {
    return false;
  }
};
