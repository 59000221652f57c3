// What Frontegg says of a machine-to-machine access token now: is it active, which roles and permissions has it.
import {hash} from 'node:crypto';
import {z} from 'zod';
import {type CacheCodec, lifeLeft, type MakeFetchingCache} from '../../core/cache.ts';
import type {Principal} from '../../core/principal.ts';
import {jsonOf, type RemoteAnswer} from '../../core/remote.ts';
import {Unavailable} from '../../core/unavailable.ts';
import type {FronteggApi} from './api.ts';
import {type AccountSettings, baseOf} from './settings.ts';
import {holderOf} from './tokens.ts';

/** The rights of a token that is good; undefined: it is not, or no longer. */
export interface Rights {
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
}

export interface AccessTokens {
  /** Rejects with Unavailable. `id`: the `sub` of the verified token. */
  rightsOf(principal: Principal, id: string, now: number): Promise<Rights | undefined>;
}

/** Facts with the moment at which they were asked for, milliseconds since the epoch. */
const listShape = z.strictObject({at: z.number(), ids: z.array(z.string())});
const tokenShape = z.strictObject({
  at: z.number(),
  rights: z.strictObject({roles: z.array(z.string()), permissions: z.array(z.string())}).nullable(),
  expires: z.number().nullable(),
});
type List = z.output<typeof listShape>;
type Token = z.output<typeof tokenShape>;

const codec = <V>(shape: z.ZodType<V>): CacheCodec<V> => ({
  encode: (value) => value,
  decode: (json) => shape.safeParse(json).data,
});

const ids = z.array(z.string().max(256));
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
  parts: {readonly makeCache: MakeFetchingCache; readonly now: () => number},
): AccessTokens => {
  const dependency = `frontegg:${account.name}`;
  const lists = parts.makeCache<List>('frontegg-active-tokens', codec(listShape));
  const tokens = parts.makeCache<Token>('frontegg-access-tokens', codec(tokenShape));
  const {ttl} = account.accessTokens;
  // The key is in it too: with another key the same environment may show other things.
  const prefix = JSON.stringify([baseOf(account), account.clientId, account.apiKey, account.vendorHost]);
  const keyOf = (...of: readonly string[]) => hash('sha256', prefix + JSON.stringify(of), 'base64url');
  /** What is left of the time: a shared cache must not give a fact a second life, nor one from the future any. */
  const lifeOf = ({at}: {readonly at: number}): number => lifeLeft(at + ttl, ttl, parts.now());

  const fetchList = async (holder: string): Promise<List> => {
    const at = parts.now();
    const answer = await api.call(dependency, `${folder}/${holder}/access-tokens/v1/active`, {maxBytes: 16_777_216});
    return {at, ids: isRefusal(answer) ? [] : jsonOf(dependency, answer, ids)};
  };
  const fetchToken = async (holder: string, id: string, tenant: string | undefined): Promise<Token> => {
    const at = parts.now();
    const path = `${folder}/${holder}/access-tokens/v1/${encodeURIComponent(id)}`;
    const headers = tenant === undefined || !/^[\x21-\x7e]{1,256}$/.test(tenant) ? {} : {'frontegg-tenant-id': tenant};
    const answer = await api.call(dependency, path, {headers});
    if (isRefusal(answer)) return {at, rights: null, expires: null};
    const reply = jsonOf(dependency, answer, rightsReply);
    if ((reply.id ?? id) !== id || (reply.tenantId ?? tenant) !== tenant)
      throw new Unavailable(dependency, new Error('it answered about another access token than was asked for'));
    const {roles, permissions, expires} = reply;
    return {
      at,
      rights: {roles, permissions},
      expires: typeof expires === 'string' ? Date.parse(expires) : (expires ?? null),
    };
  };

  const listKeys = {users: keyOf('active', 'users'), tenants: keyOf('active', 'tenants')};
  const listOf = (holder: 'users' | 'tenants') => lists.fetch(listKeys[holder], () => fetchList(holder), lifeOf);
  const tokenOf = (holder: string, id: string, tenant: string | undefined) =>
    tokens.fetch(keyOf('token', holder, id, tenant ?? ''), () => fetchToken(holder, id, tenant), lifeOf);

  return {
    async rightsOf(principal, id, now) {
      const holder = holderOf(principal);
      // Both at once; what the list says comes first.
      const token = tokenOf(holder, id, principal.tenant);
      if (token instanceof Promise) token.catch(() => undefined);
      const list = listOf(holder);
      if (!isIn(list instanceof Promise ? await list : list, id)) return undefined;
      const found = token instanceof Promise ? await token : token;
      return found.rights === null || (found.expires !== null && found.expires <= now) ? undefined : found.rights;
    },
  };
};

/** 403 `Api tokens are disabled`, or 404: a word on the token, not an outage. */
const isRefusal = ({status, body}: RemoteAnswer): boolean => {
  if (status === 404) return true;
  if (status !== 403) return false;
  try {
    return errors.safeParse(JSON.parse(body)).data?.errors[0] === 'Api tokens are disabled';
  } catch {
    return false;
  }
};

/** Lists are long and asked at each request. */
const sets = new WeakMap<List, ReadonlySet<string>>();

const isIn = (list: List, id: string): boolean => {
  const known = sets.get(list) ?? new Set(list.ids);
  sets.set(list, known);
  return known.has(id);
};
