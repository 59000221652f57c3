// What Kinde's management API says of an API key: what it is worth, and which APIs of the business it is for.
import {z} from 'zod';
import {type Asks, jsonOf, type RemoteAnswer, type RemoteRequest} from '../../core/remote.ts';
import {Unavailable} from '../../core/unavailable.ts';
import {makeClientCredentialsToken} from '../../providers/clientCredentials.ts';
import type {VendorParts} from '../vendor.ts';
import type {KindeApiKeySettings} from './settings.ts';

const id = z.string().min(1).max(256);
/** Null, an empty text and nothing at all say the same: there is none. */
const idOrNone = id
  .or(z.literal(''))
  .nullish()
  .transform((text) => text || null);
const ids = z.array(id).max(1_000);

const invalid = z.object({is_valid: z.literal(false), status: z.string().max(64).nullish()});
/** Less what changes with every question (`last_verified_on`, `verification_count`). */
const valid = z.object({
  is_valid: z.literal(true),
  status: z.enum(['active', 'inactive', 'revoked']),
  key_id: id,
  scopes: z
    .array(z.string().max(256))
    .max(1_000)
    .nullish()
    .transform((scopes) => scopes ?? []),
  org_code: idOrNone,
  user_id: idOrNone,
});
const verifyReply = z.discriminatedUnion('is_valid', [invalid, valid]);
const keyReply = z.object({api_key: z.object({id, api_ids: ids})});
const errorReply = z.object({errors: z.array(z.object({code: z.string()})).min(1)});

/** What is known of a key. `api_ids`: the ids of the APIs that it is for, of an active one, if that was asked. */
export const keyFact = z.discriminatedUnion('is_valid', [invalid, valid.extend({api_ids: ids.optional()})]);
export type KeyFact = z.output<typeof keyFact>;
export type ValidKey = Extract<KeyFact, {is_valid: true}>;

export const isActive = (said: KeyFact): said is ValidKey => said.is_valid && said.status === 'active';

/** Asks about a key, until `deadline` at most. Rejects with Unavailable: a reply that cannot be understood is an outage. */
export type AskAboutKey = (key: string, deadline: number, asks?: Asks) => Promise<KeyFact>;

/** `api`: scheme and host of the management API. It is asked which APIs a key is for only if the settings name any. */
export const makeAskAboutKey = (
  dependency: string,
  api: string,
  settings: KindeApiKeySettings,
  {call, now, steady = now}: VendorParts,
): AskAboutKey => {
  const access = {...settings, url: `${api}/oauth2/token`, audience: `${api}/api`};
  const token = makeClientCredentialsToken(access, call, steady);
  const outage = (what: string): Unavailable => new Unavailable(dependency, new Error(what));

  const askOnce = async (request: RemoteRequest, deadline: number) => {
    const bearer = await token.get(dependency);
    const headers = {...request.headers, authorization: `Bearer ${bearer}`};
    return {bearer, answer: await call(dependency, {...request, headers}, deadline)};
  };
  const ask = async (request: RemoteRequest, deadline: number): Promise<RemoteAnswer> => {
    const first = await askOnce(request, deadline);
    const isOver = first.answer.status === 401 && token.refused(first.bearer);
    const {answer} = isOver ? await askOnce(request, deadline) : first;
    if (answer.status === 403) throw outage('the application lacks the scope read:api_keys: add it in Kinde');
    return answer;
  };

  const verify = async (key: string, deadline: number, asks: Asks | undefined) => {
    const request = {
      method: 'POST',
      url: `${api}/api/v1/api_keys/verify`,
      headers: {'content-type': 'application/json'},
      body: JSON.stringify({api_key: key}),
      idempotent: true,
      ...(asks && {asks}),
    } as const;
    const answer = await ask(request, deadline);
    const {status} = answer;
    if (status === 404 || (status === 400 && !isErrorOfKinde(answer))) {
      throw outage(
        `it answered with status ${status}, and not as the management API of Kinde: set managementDomain to where that is, https://<subdomain>.kinde.com`,
      );
    }
    // It was asked in the documented form, so what Kinde cannot make sense of is the key.
    return status === 400 ? ({is_valid: false} as const) : jsonOf(dependency, answer, verifyReply);
  };

  /** The reply to `verify` does not say it. */
  const apisOf = async (keyId: string, deadline: number, asks: Asks | undefined): Promise<readonly string[]> => {
    // It becomes a part of a path, where `..` would be another place.
    if (!/^[\w-]+$/.test(keyId)) throw outage('its id of a key is none that it can be asked about');
    const answer = await ask({method: 'GET', url: `${api}/api/v1/api_keys/${keyId}`, ...(asks && {asks})}, deadline);
    const {api_key: said} = jsonOf(dependency, answer, keyReply);
    if (said.id !== keyId) throw outage('it answered about another key');
    return said.api_ids;
  };

  return async (key, deadline, asks) => {
    const said = await verify(key, deadline, asks);
    if (settings.apis === undefined || !isActive(said)) return said;
    return {...said, api_ids: [...(await apisOf(said.key_id, deadline, asks))]};
  };
};

/** A proxy on the way answers 400, too, with a page of its own. */
const isErrorOfKinde = ({body}: RemoteAnswer): boolean => {
  try {
    return errorReply.safeParse(JSON.parse(body)).success;
  } catch {
    return false;
  }
};
