// Kinde's API keys: opaque, so the management API is asked what a key is worth.
import {z} from 'zod';
import {derivedOnce} from '../../core/derived.ts';
import type {Principal} from '../../core/principal.ts';
import {jsonOf} from '../../core/remote.ts';
import {Unavailable} from '../../core/unavailable.ts';
import {makeClientCredentialsToken} from '../../providers/clientCredentials.ts';
import type {Provider} from '../../providers/provider.ts';
import {makeAskOnce} from '../../providers/session.ts';
import type {VendorParts} from '../vendor.ts';
import type {KindeApiKeySettings} from './settings.ts';

const id = z.string().min(1).max(256);
/** What Kinde says of a key, less what changes with every question (`last_verified_on`, `verification_count`). */
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
type Verdict = z.output<typeof verdict>;
type Valid = Extract<Verdict, {is_valid: true}>;

const isActive = (said: Verdict): said is Valid => said.is_valid && said.status === 'active';

/**
 * `domain`: where the management API answers, unless the settings say so themselves. A key that is valid and active is
 * kept for `ttl`; any other is asked about each time, so that a key works as soon as it is made.
 */
export const makeApiKeys = (
  name: string,
  places: Provider['places'],
  domain: string,
  settings: KindeApiKeySettings,
  parts: VendorParts,
): Provider => {
  const {managementDomain: api = domain, clientId, ttl} = settings;
  const dependency = `kinde:${name}`;
  const access = {...settings, url: `${api}/oauth2/token`, audience: `${api}/api`};
  const token = makeClientCredentialsToken(access, parts.call, parts.now);
  const about = {dependency, cache: 'kinde-api-keys', settings: [api, clientId, ttl], shape: verdict};
  const askOnce = makeAskOnce<Verdict>(about, parts);
  const principalOf = derivedOnce((said: Valid) => principalBehind(name, said));

  const ask = async (key: string, mayRenew = true): Promise<Verdict> => {
    const bearer = await token.get(dependency);
    const answer = await parts.call(
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
  const life = (said: Verdict): number => (isActive(said) ? ttl : 0);

  return {
    name,
    places,
    // By its form; whether it is one, Kinde says.
    accepts: (credential) => (/^k_live_[A-Za-z0-9_-]{1,248}$/.test(credential.value) ? credential : undefined),
    async authenticate({value: key}, {deadline}) {
      const said = await askOnce({about: [key], ask: () => ask(key), life}, deadline);
      if (isActive(said)) return {verified: principalOf(said)};
      return {rejected: said.status === 'revoked' ? 'revoked' : 'inactive'};
    },
    health: () => [],
  };
};

/** A key of a user acts as the user; one of an organisation is a service, whose subject is the key's own id. */
const principalBehind = (provider: string, said: Valid): Principal => ({
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
