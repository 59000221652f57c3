// Was a token issued to a client that is accepted?
import {type Misfit, nearMiss, shownList, shownValue} from '../core/misfit.ts';
import type {Claims} from './jwtForm.ts';
import {clientClaims} from './machine.ts';

/**
 * Every client that the claims name must be one of those: `azp` (OpenID Connect Core 1.0), `client_id` (RFC 9068), `cid`
 * (Okta), `appid` (Entra ID v1). Undefined: it is.
 */
export const clientFault = (claims: Claims, clients: readonly string[]): Misfit | undefined => {
  const named = clientClaims.filter((name) => claims[name] !== undefined && claims[name] !== null);
  if (named.length === 0) {
    return {
      reason: 'missing_claim',
      detail: `client: wanted ${shownList(clients)}, got none of ${clientClaims.join(', ')}`,
    };
  }
  const others = named.filter((name) => !clients.some((client) => client === claims[name]));
  if (others.length === 0) return undefined;
  const got = others.map((name) => `${name} ${shownValue(claims[name])}`).join(', ');
  const near = nearMiss(
    clients,
    others.map((name) => claims[name]),
  );
  return {reason: 'wrong_client', detail: `client: wanted ${shownList(clients)}, got ${got}${near}`};
};
