// Frontegg's own backend SDK (npm @frontegg/client), pointed at the stand-in: how it decides one request.
import {IdentityClient, withAuthentication} from '@frontegg/client';
import {accessTokenHeaderResolver} from '@frontegg/client/dist/src/clients/identity/token-resolvers/index.js';
import {AuthHeaderType} from '@frontegg/client/dist/src/clients/identity/types.js';
import {FronteggContext} from '@frontegg/client/dist/src/components/frontegg-context/index.js';
import logger from '@frontegg/client/dist/src/components/logger/index.js';
import {config} from '@frontegg/client/dist/src/config/index.js';
import {apiKey, clientId} from '../support/vendors/frontegg.ts';

export interface Asks {
  readonly roles?: readonly string[];
  readonly permissions?: readonly string[];
  /** Seconds; undefined: step-up without an age. */
  readonly stepUp?: {readonly maxAge: number | undefined};
}

/** `allow` and whom the SDK takes it for (undefined: nobody), or the status with which it refuses; 0: it fails. */
export type Verdict = {readonly allow: string | undefined} | {readonly refuse: number};

/** Directs every call of the SDK to this address. (The same as FRONTEGG_API_GATEWAY_URL, which is read once, on loading.) */
export const direct = (url: string): void => {
  const {urls} = config;
  urls.authenticationService = `${url}/auth/vendor`;
  urls.identityService = `${url}/identity`;
  urls.entitlementsService = `${url}/entitlements`;
  FronteggContext.init({FRONTEGG_CLIENT_ID: clientId, FRONTEGG_API_KEY: apiKey});
  // CommonJS: what is imported is the module, and it logs every refusal.
  const {default: log} = logger as unknown as {default: Record<string, unknown>};
  for (const level of ['error', 'warn', 'info']) log[level] = () => {};
  forget();
};

/** Forgets keys and access tokens, as a restart would, and ends the SDK's timers. */
export const forget = (): void => {
  const resolver = accessTokenHeaderResolver as never as {
    accessTokenServices: unknown[];
    authenticator: {accessToken: string; shutdown(): Promise<void>; shuttingDown: boolean};
  };
  resolver.accessTokenServices = [];
  void resolver.authenticator.shutdown();
  resolver.authenticator.accessToken = '';
  (IdentityClient as never as {instance: unknown}).instance = undefined;
};

const idOf = (user: Record<string, unknown>): unknown => {
  if (user.type === 'userToken') return user.sub;
  return user.type === 'userApiToken' ? user.createdByUserId : user.userId;
};

/** How the SDK decides a request with these headers. */
export const sdkDecides = async (
  headers: Readonly<Record<string, string>>,
  {roles = [], permissions = [], stepUp}: Asks,
): Promise<Verdict> => {
  if (stepUp === undefined) {
    let status: number | undefined;
    let passed = false;
    const request = {header: (name: string) => headers[name]} as unknown as {frontegg?: {user: {id?: string}}};
    const response = {
      status(code: number | undefined) {
        status = code ?? 0;
        return response;
      },
      send: () => response,
    };
    const next = (error?: unknown) => {
      passed = error === undefined;
    };
    await withAuthentication({roles: [...roles], permissions: [...permissions]})(
      request as never,
      response as never,
      next as never,
    );
    return status === undefined && passed ? {allow: request.frontegg?.user.id || undefined} : {refuse: status ?? 0};
  }
  // The middleware has no step-up: only the client below it has.
  const {authorization, 'x-api-key': key} = headers;
  if (!authorization && !key) return {refuse: 401};
  try {
    const user = await IdentityClient.getInstance().validateToken(
      authorization || key || '',
      {
        roles: [...roles],
        permissions: [...permissions],
        stepUp: stepUp.maxAge === undefined ? true : {maxAge: stepUp.maxAge},
      },
      authorization ? AuthHeaderType.JWT : AuthHeaderType.AccessToken,
    );
    return {allow: idOf(user as never) as string | undefined};
  } catch (error) {
    return {refuse: (error as {statusCode?: number}).statusCode ?? 0};
  }
};
