// Our own token at an authorization server, by client credentials (RFC 6749 section 4.4).
import {z} from 'zod';
import {jsonOf, type RemoteCall} from '../core/remote.ts';
import {Unavailable} from '../core/unavailable.ts';
import {makeOwnToken, type OwnToken} from './ownToken.ts';

export interface ClientCredentials {
  /** The token endpoint. */
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** What some servers want to be told besides: for which of their APIs the token is. */
  readonly audience?: string;
}

/** Section 5.1; `expires_in` is optional there, but a token without an end could not be renewed in time. */
const reply = z
  .object({
    access_token: z.string().regex(/^[\x21-\x7e]{1,16384}$/),
    expires_in: z.number().positive().max(31_536_000),
  })
  .transform(({access_token: token, expires_in: expiresIn}) => ({token, expiresIn}));

/** `steady` in milliseconds that no step of the wall clock moves. */
export const makeClientCredentialsToken = (
  {url, clientId, clientSecret, audience}: ClientCredentials,
  call: RemoteCall,
  steady: () => number,
): OwnToken => {
  const form = {grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret};
  const request = {
    method: 'POST',
    url,
    headers: {'content-type': 'application/x-www-form-urlencoded'},
    body: new URLSearchParams({...form, ...(audience !== undefined && {audience})}).toString(),
    // Nothing is lost by asking twice.
    idempotent: true,
  } as const;
  return makeOwnToken(async (dependency) => {
    const answer = await call(dependency, request, Number.POSITIVE_INFINITY);
    // RFC 6749 section 5.2: invalid_client, unauthorized_client.
    if (answer.status === 400 || answer.status === 401)
      throw new Unavailable(
        dependency,
        new Error(
          `${answer.asked} answered with status ${answer.status}: see that clientId and clientSecret are right`,
        ),
      );
    return jsonOf(dependency, answer, reply);
  }, steady);
};
