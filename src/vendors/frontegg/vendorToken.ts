// Frontegg's vendor authentication: the token that calls to its API carry.
import {z} from 'zod';
import {jsonOf, type RemoteCall} from '../../core/remote.ts';
import type {Trial} from '../../core/trial.ts';
import {Unavailable} from '../../core/unavailable.ts';
import {makeOwnToken, type OwnToken} from '../../providers/ownToken.ts';
import {type AccountSettings, baseOf} from './settings.ts';

const shape = z.object({
  token: z.string().regex(/^[\x21-\x7e]{1,16384}$/),
  expiresIn: z.number().positive().max(31_536_000),
});

const makeVendorToken = (account: AccountSettings, call: RemoteCall, steady: () => number): OwnToken => {
  // Nothing is made by asking twice, so it may be tried again.
  const request = {
    method: 'POST',
    url: `${baseOf(account)}/auth/vendor`,
    headers: {
      'content-type': 'application/json',
      ...(account.vendorHost !== null && {'frontegg-vendor-host': account.vendorHost}),
    },
    body: JSON.stringify({clientId: account.clientId, secret: account.apiKey}),
    idempotent: true,
    timeout: 5_000,
  } as const;
  return makeOwnToken(async (dependency) => {
    const answer = await call(dependency, request, Number.POSITIVE_INFINITY);
    if (isRefused(answer.status)) throw new Unavailable(dependency, new Error(refusal(account, answer.status)));
    return jsonOf(dependency, answer, shape);
  }, steady);
};

/** By the client that makes the calls, of which the program has one: so the tokens end with it. */
const known = new WeakMap<RemoteCall, Map<string, OwnToken>>();

/** The vendor token of an account: one for the provider, the entitlement source and the audits, also after a reload. */
export const vendorTokenOf = (account: AccountSettings, call: RemoteCall, steady: () => number): OwnToken => {
  const ofCall = known.get(call) ?? new Map<string, OwnToken>();
  known.set(call, ofCall);
  const key = JSON.stringify([baseOf(account), account.clientId, account.apiKey, account.vendorHost]);
  const token = ofCall.get(key) ?? makeVendorToken(account, call, steady);
  ofCall.set(key, token);
  return token;
};

/** Whether the account can be signed in to. */
export const vendorTokenTrial = (
  account: AccountSettings,
  {call, now, steady = now}: {readonly call: RemoteCall; readonly now: () => number; readonly steady?: () => number},
  dependency: string,
): Trial => ({
  what: 'vendor token',
  async run() {
    await vendorTokenOf(account, call, steady).get(dependency);
    return {found: `${baseOf(account)} takes clientId and apiKey`};
  },
});

/** Frontegg's own word on who asks; a gateway that is not Frontegg has no such path. */
const isRefused = (status: number): boolean => [400, 401, 403, 404].includes(status);

const refusal = (account: AccountSettings, status: number): string => {
  const where = account.baseUrl === null ? `region (${account.region}, so ${baseOf(account)})` : 'baseUrl';
  return `POST ${baseOf(account)}/auth/vendor answered with status ${status}: see that clientId and apiKey are those of one environment, and that ${where} is where it lives`;
};
