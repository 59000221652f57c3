// Frontegg's vendor authentication: the token that calls to its API carry, fetched once for all who need it.
import {z} from 'zod';
import {jsonOf, type RemoteCall} from '../../core/remote.ts';
import {type AccountSettings, baseOf} from './settings.ts';

export interface VendorToken {
  /** The token, from memory unless it has run out. Rejects with Unavailable. */
  get(dependency: string): Promise<string>;
  /** Frontegg has refused this one: the next `get` fetches another. */
  refused(token: string): void;
}

const shape = z.object({
  token: z.string().regex(/^[\x21-\x7e]{1,16384}$/),
  expiresIn: z.number().positive().max(31_536_000),
});

/** Of its life after which a token is replaced, as in Frontegg's SDK. */
const renewal = 0.8;
/** Milliseconds between attempts to replace a token that still works. */
const rest = 5_000;

const makeVendorToken = (account: AccountSettings, call: RemoteCall, now: () => number): VendorToken => {
  const url = `${baseOf(account)}/auth/vendor`;
  const body = JSON.stringify({clientId: account.clientId, secret: account.apiKey});
  const headers = {
    'content-type': 'application/json',
    ...(account.vendorHost !== null && {'frontegg-vendor-host': account.vendorHost}),
  };
  let held: {readonly token: string; readonly renewAt: number; readonly endsAt: number} | undefined;
  let flight: Promise<string> | undefined;
  let restUntil = Number.NEGATIVE_INFINITY;

  const fetch = async (dependency: string): Promise<string> => {
    const asked = now();
    try {
      // Nothing is made by asking twice, so it may be tried again.
      const request = {method: 'POST', url, headers, body, idempotent: true, timeout: 5_000} as const;
      const {token, expiresIn} = jsonOf(dependency, await call(dependency, request, Number.POSITIVE_INFINITY), shape);
      held = {token, renewAt: asked + expiresIn * 1_000 * renewal, endsAt: asked + expiresIn * 1_000};
      return token;
    } catch (error) {
      restUntil = now() + rest;
      throw error;
    } finally {
      flight = undefined;
    }
  };
  const renew = (dependency: string): Promise<string> => {
    flight ??= fetch(dependency);
    return flight;
  };

  return {
    async get(dependency) {
      const moment = now();
      if (held === undefined || moment >= held.endsAt) return renew(dependency);
      // It is good for the last fifth of its life: nobody waits for the next one, and an outage hurts nobody yet.
      if (moment >= held.renewAt && moment >= restUntil) renew(dependency).catch(() => undefined);
      return held.token;
    },
    refused(token) {
      if (held?.token === token) held = undefined;
    },
  };
};

/** By the client that makes the calls, of which the program has one: so the tokens end with it. */
const known = new WeakMap<RemoteCall, Map<string, VendorToken>>();

/** The vendor token of an account: one for the provider, the entitlement source and the audits, also after a reload. */
export const vendorTokenOf = (account: AccountSettings, call: RemoteCall, now: () => number): VendorToken => {
  const ofCall = known.get(call) ?? new Map<string, VendorToken>();
  known.set(call, ofCall);
  const key = JSON.stringify([baseOf(account), account.clientId, account.apiKey, account.vendorHost]);
  const token = ofCall.get(key) ?? makeVendorToken(account, call, now);
  ofCall.set(key, token);
  return token;
};
