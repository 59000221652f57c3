// What Frontegg says of a machine-to-machine access token now: is it active, which roles and permissions has it.
import {z} from 'zod';
import {derivedOnce} from '../../core/derived.ts';
import type {Health} from '../../core/health.ts';
import type {Principal} from '../../core/principal.ts';
import {type Asks, jsonOf, type RemoteAnswer} from '../../core/remote.ts';
import {Unavailable} from '../../core/unavailable.ts';
import {type AskingParts, makeAskOnce} from '../../providers/session.ts';
import type {FronteggApi} from './api.ts';
import {type AccountSettings, baseOf} from './settings.ts';
import {holderOf} from './tokens.ts';

/** The rights of a token that is good; undefined: it is not, or no longer. */
export interface Rights {
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
}

export interface AccessTokens {
  /** Rejects with Unavailable. `id`: the `sub` of the verified token. Times in milliseconds since the epoch. */
  rightsOf(principal: Principal, id: string, now: number, deadline: number): Promise<Rights | undefined>;
  health(): Health;
}

const ids = z.array(z.string().max(256));
/** What is kept of a token; `expires` in milliseconds since the epoch. */
const tokenShape = z.strictObject({
  rights: z.strictObject({roles: z.array(z.string()), permissions: z.array(z.string())}).nullable(),
  expires: z.number().nullable(),
});
type Token = z.output<typeof tokenShape>;

const rightsReply = z.object({
  id: z.string().optional(),
  tenantId: z.string().optional(),
  userId: z.string().nullish(),
  roles: z.array(z.string()),
  permissions: z.array(z.string()),
  expires: z.union([z.iso.datetime({offset: true}), z.number()]).nullish(),
});
const errors = z.object({errors: z.array(z.unknown())});

const folder = '/identity/resources/vendor-only';

export const makeAccessTokens = (
  account: AccountSettings & {readonly name: string; readonly accessTokens: {readonly ttl: number}},
  api: FronteggApi,
  parts: AskingParts,
): AccessTokens => {
  const dependency = `frontegg:${account.name}`;
  const life = () => account.accessTokens.ttl;
  // The key is in it too: with another key the same environment may show other things.
  const settings = [baseOf(account), account.clientId, account.apiKey, account.vendorHost];
  const askList = makeAskOnce({dependency, cache: 'frontegg-active-tokens', settings, shape: ids}, parts);
  const askToken = makeAskOnce(
    {
      dependency,
      cache: 'frontegg-access-tokens',
      settings,
      shape: tokenShape,
      good: ({rights}: Token) => rights !== null,
    },
    parts,
  );

  const fetchList = async (holder: string, asks: Asks): Promise<string[]> => {
    const answer = await api.call(dependency, `${folder}/${holder}/access-tokens/v1/active`, {
      maxBytes: 16_777_216,
      asks,
    });
    return areDisabled(answer) ? [] : jsonOf(dependency, answer, ids);
  };
  const fetchToken = async (holder: string, id: string, tenant: string | undefined, asks: Asks): Promise<Token> => {
    const path = `${folder}/${holder}/access-tokens/v1/${encodeURIComponent(id)}`;
    const headers = tenant === undefined || !/^[\x21-\x7e]{1,256}$/.test(tenant) ? {} : {'frontegg-tenant-id': tenant};
    const answer = await api.call(dependency, path, {headers, asks});
    if (areDisabled(answer) || isDeleted(answer)) return {rights: null, expires: null};
    const reply = jsonOf(dependency, answer, rightsReply);
    if ((reply.id ?? id) !== id || (reply.tenantId ?? tenant) !== tenant)
      throw new Unavailable(dependency, new Error('it answered about another access token than was asked for'));
    const {roles, permissions, expires} = reply;
    return {
      rights: {roles, permissions},
      expires: typeof expires === 'string' ? Date.parse(expires) : (expires ?? null),
    };
  };

  return {
    async rightsOf(principal, id, now, deadline) {
      // In a URL these would name the folder above, and half a character has no place in one.
      if (id === '.' || id === '..' || !id.isWellFormed()) return undefined;
      const holder = holderOf(principal);
      const {tenant} = principal;
      // Both at once; what the list says comes first.
      const about = [holder, id, tenant ?? ''];
      const token = askToken({about, ask: (_, asks) => fetchToken(holder, id, tenant, asks), life}, deadline);
      if (token instanceof Promise) token.catch(() => undefined);
      const list = askList({about: [holder], ask: (_, asks) => fetchList(holder, asks), life}, deadline);
      if (!setOf(list instanceof Promise ? await list : list).has(id)) return undefined;
      const found = token instanceof Promise ? await token : token;
      return found.rights === null || (found.expires !== null && found.expires <= now) ? undefined : found.rights;
    },
    health: askList.health,
  };
};

/** A word on the tokens of the environment, not an outage. */
const areDisabled = ({status, body}: RemoteAnswer): boolean =>
  status === 403 && errorsOf(body)?.[0] === 'Api tokens are disabled';

/** A word on one token, if Frontegg itself says it: a gateway that knows no such path answers 404, too. */
const isDeleted = ({status, body}: RemoteAnswer): boolean => status === 404 && errorsOf(body)?.[0] !== undefined;

/** Of Frontegg's own error answers: `{"errors": ["..."]}`. */
const errorsOf = (body: string): readonly unknown[] | undefined => {
  try {
    return errors.safeParse(JSON.parse(body)).data?.errors;
  } catch {
    return undefined;
  }
};

/** Lists are long, and asked at each request. */
const setOf = derivedOnce((list: readonly string[]): ReadonlySet<string> => new Set(list));
