// Was a token issued to a client that is accepted?
import {type Misfit, nearMiss, shownList, shownValue, wantedGot} from '../core/words/misfit.ts';
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

/**
 * Of an id token for several clients the one that it was issued to must be one of ours: it has handed on what was meant for
 * itself (OpenID Connect Core 1.0 section 3.1.3.7, steps 4 and 5). One that is for us alone may have been asked for by
 * another client of the same application. Undefined: it is.
 */
export const partyFault = ({aud, azp}: Claims, audience: readonly string[]): Misfit | undefined => {
  if (!Array.isArray(aud) || aud.length < 2 || azp === undefined || audience.some((one) => one === azp))
    return undefined;
  return {reason: 'wrong_client', detail: wantedGot('azp, as it is for several clients', shownList(audience), azp)};
};
