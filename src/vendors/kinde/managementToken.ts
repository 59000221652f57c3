// The token that calls to Kinde's management API carry: client credentials, fetched once for all who need it.
import {z} from 'zod';
import {jsonOf, type RemoteCall} from '../../core/remote.ts';
import type {KindeApiKeySettings} from './settings.ts';

export interface ManagementToken {
  /** The token, from memory unless it has run out. Rejects with Unavailable. */
  get(): Promise<string>;
  /** Kinde has refused this one: the next `get` fetches another. */
  refused(token: string): void;
}

const reply = z.object({
  access_token: z.string().min(1).max(16_384),
  expires_in: z.number().positive().max(31_536_000),
});

/** The part of its life after which a token is replaced. */
const renewal = 0.8;
/** Milliseconds between attempts to replace a token that still works. */
const rest = 5_000;

/** `api`: the origin of the business's own subdomain, which is also part of the audience. `now` in milliseconds. */
export const makeManagementToken = (
  dependency: string,
  api: string,
  {clientId, clientSecret}: Pick<KindeApiKeySettings, 'clientId' | 'clientSecret'>,
  call: RemoteCall,
  now: () => number,
): ManagementToken => {
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
  let held: {readonly token: string; readonly renewAt: number; readonly endsAt: number} | undefined;
  let flight: Promise<string> | undefined;
  let restUntil = Number.NEGATIVE_INFINITY;

  const fetch = async (): Promise<string> => {
    const asked = now();
    try {
      // It is for all requests, so the deadline of none of them cuts it short.
      const {access_token: token, expires_in: life} = jsonOf(
        dependency,
        await call(dependency, request, Number.POSITIVE_INFINITY),
        reply,
      );
      held = {token, renewAt: asked + life * 1_000 * renewal, endsAt: asked + life * 1_000};
      return token;
    } catch (error) {
      restUntil = now() + rest;
      throw error;
    } finally {
      flight = undefined;
    }
  };
  const renew = (): Promise<string> => {
    flight ??= fetch();
    return flight;
  };

  return {
    async get() {
      const moment = now();
      if (held === undefined || moment >= held.endsAt) return renew();
      if (moment >= held.renewAt && moment >= restUntil) renew().catch(() => undefined);
      return held.token;
    },
    refused(token) {
      if (held?.token === token) held = undefined;
    },
  };
};
