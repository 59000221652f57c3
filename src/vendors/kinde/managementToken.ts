// The token that calls to Kinde's management API carry: client credentials (RFC 6749 section 4.4).
import {z} from 'zod';
import {jsonOf, type RemoteCall} from '../../core/remote.ts';
import {makeOwnToken, type OwnToken} from '../../providers/ownToken.ts';
import type {KindeApiKeySettings} from './settings.ts';

const reply = z
  .object({
    access_token: z.string().min(1).max(16_384),
    expires_in: z.number().positive().max(31_536_000),
  })
  .transform(({access_token: token, expires_in: expiresIn}) => ({token, expiresIn}));

/** `api`: the origin of the business's own subdomain, which is also part of the audience. `now` in milliseconds. */
export const makeManagementToken = (
  api: string,
  {clientId, clientSecret}: Pick<KindeApiKeySettings, 'clientId' | 'clientSecret'>,
  call: RemoteCall,
  now: () => number,
): OwnToken => {
  const request = {
    method: 'POST',
    url: `${api}/oauth2/token`,
    headers: {'content-type': 'application/x-www-form-urlencoded'},
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
      audience: `${api}/api`,
    }).toString(),
    // Nothing is lost by asking twice.
    idempotent: true,
  } as const;
  return makeOwnToken(
    async (dependency) => jsonOf(dependency, await call(dependency, request, Number.POSITIVE_INFINITY), reply),
    now,
  );
};
