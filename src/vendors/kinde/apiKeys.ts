// Kinde's API keys: opaque, so the management API is asked what a key is worth.
import {hash} from 'node:crypto';
import {z} from 'zod';
import {lifeLeft} from '../../core/cache.ts';
import type {Principal} from '../../core/principal.ts';
import {jsonOf} from '../../core/remote.ts';
import {Unavailable} from '../../core/unavailable.ts';
import type {Authentication} from '../../providers/provider.ts';
import type {VendorParts} from '../vendor.ts';
import {makeManagementToken} from './managementToken.ts';
import type {KindeApiKeySettings} from './settings.ts';

const id = z.string().min(1).max(256);
const verdict = z.discriminatedUnion('is_valid', [
  z.object({is_valid: z.literal(false), status: z.string().max(64).nullish()}),
  z.object({
    is_valid: z.literal(true),
    status: z.enum(['active', 'inactive', 'revoked']),
    key_id: id,
    scopes: z.array(z.string().max(256)).max(1_000),
    org_code: id.nullish(),
    user_id: id.nullish(),
  }),
]);
/** What Kinde says of a key, less what changes with every question (`last_verified_on`, `verification_count`). */
type Verdict = z.output<typeof verdict>;
/** `until`: milliseconds since the epoch, so that no layer of the cache keeps it anew. */
const kept = z.object({said: verdict, until: z.number()});
type Kept = z.output<typeof kept>;

export interface ApiKeys {
  /** Whether it looks like a key of Kinde's. Selects, and says nothing of whether it is one. */
  resembles(value: string): boolean;
  /** Rejects with Unavailable if Kinde cannot be asked. */
  authenticate(key: string): Promise<Authentication>;
}

/**
 * `domain`: where the management API answers, unless the settings say so themselves. A key that is valid and active is
 * kept for `ttl`; any other is asked about each time, so that a key works as soon as it is made.
 */
export const makeApiKeys = (
  provider: string,
  domain: string,
  settings: KindeApiKeySettings,
  {call, makeCache, now}: VendorParts,
): ApiKeys => {
  const {managementDomain: api = domain, ttl} = settings;
  const dependency = `kinde:${provider}`;
  const token = makeManagementToken(api, settings, call, now);
  const cache = makeCache<Kept>('kinde-api-keys', {
    encode: (value) => value,
    decode: (json) => kept.safeParse(json).data,
  });
  const prefix = hash('sha256', `kinde api key v2 ${JSON.stringify([api, settings.clientId, ttl])}`, 'base64url');
  /** The same answer makes the same principal, so that what is derived from it is derived once. */
  const principals = new WeakMap<Verdict, Principal>();

  const load = async (key: string): Promise<Kept> => {
    const asked = now();
    const said = await ask(key);
    return {said, until: said.is_valid && said.status === 'active' ? asked + ttl : 0};
  };
  const ask = async (key: string, mayRenew = true): Promise<Verdict> => {
    const bearer = await token.get(dependency);
    const answer = await call(
      dependency,
      {
        method: 'POST',
        url: `${api}/api/v1/api_keys/verify`,
        headers: {authorization: `Bearer ${bearer}`, 'content-type': 'application/json'},
        body: JSON.stringify({api_key: key}),
        idempotent: true,
      },
      Number.POSITIVE_INFINITY,
    );
    if (answer.status === 401 && mayRenew) {
      token.refused(bearer);
      return ask(key, false);
    }
    if (answer.status === 403) {
      throw new Unavailable(dependency, new Error('the application lacks the scope read:api_keys: add it in Kinde'));
    }
    // It was asked in the documented form, so what Kinde cannot make sense of is the key.
    if (answer.status === 400 || answer.status === 404) return {is_valid: false};
    return jsonOf(dependency, answer, verdict);
  };

  return {
    resembles: (value) => /^k_live_[A-Za-z0-9_-]{1,248}$/.test(value),
    async authenticate(key) {
      const {said} = await cache.fetch(
        hash('sha256', prefix + key, 'base64url'),
        () => load(key),
        ({until}) => Math.max(0, lifeLeft(until, ttl, now())),
      );
      if (said.status === 'revoked') return {rejected: 'revoked'};
      if (!said.is_valid || said.status !== 'active') return {rejected: 'inactive'};
      const known = principals.get(said);
      if (known !== undefined) return {verified: known};
      const principal = principalOf(provider, said);
      principals.set(said, principal);
      return {verified: principal};
    },
  };
};

/** A key of a user acts as the user; one of an organisation is a service, whose subject is the key's own id. */
const principalOf = (provider: string, said: Extract<Verdict, {is_valid: true}>): Principal => ({
  provider,
  kind: said.user_id ? 'user' : 'service',
  subject: said.user_id ?? said.key_id,
  ...(said.org_code ? {tenant: said.org_code} : {}),
  roles: [],
  permissions: [],
  scopes: said.scopes,
  claims: said,
  tokenId: said.key_id,
  amr: [],
});
