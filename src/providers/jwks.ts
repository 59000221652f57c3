// Where an issuer's keys are fetched from: a URL, or the one that discovery names.
import {isInsecureUrl} from '../core/insecureUrl.ts';
import {isObject} from '../core/isObject.ts';
import {jsonOf, type RemoteCall, type Shape} from '../core/remote.ts';
import {Unavailable} from '../core/unavailable.ts';
import {type KeySet, readKeySet} from './keys.ts';

/**
 * Fetches the keys once. Rejects with Unavailable unless there is at least one that can be used, or the issuer's word that
 * there is none: a set of no keys.
 */
export type FetchKeys = () => Promise<KeySet>;

/** Milliseconds for one attempt. No request's deadline applies: the keys are for all requests. */
const timeout = 5_000;

const object: Shape<Readonly<Record<string, unknown>>> = {
  safeParse: (value) =>
    isObject(value) ? {success: true, data: value} : {success: false, error: {message: 'not an object'}},
};

const noKeys: KeySet = {size: 0, shown: () => [], find: () => [], names: () => false, has: () => false, jwks: () => []};

const outage = (dependency: string, what: string) => new Unavailable(dependency, new Error(what));

/** The cause of an outage that is the server's word: there is no such issuer here. */
export class NotPublished extends Error {
  override readonly name = 'NotPublished';
}

/** Entra ID answers 400 for a tenant that does not exist, Keycloak 404 for a realm. */
const isNotThere = (status: number): boolean => status === 400 || status === 404 || status === 410;

/** RFC 7517 section 8.5.1: some servers offer key sets as such alone, and answer 406 to whoever asks for JSON. */
const accept = 'application/json, application/jwk-set+json, */*;q=0.1';

/**
 * Tried once: the keeper of the keys has a back-off of its own, and promises how often it asks. `token`: what Postern shows
 * to be let in (the API server of Kubernetes wants one).
 */
const getJson = async (
  call: RemoteCall,
  dependency: string,
  url: string,
  token: string | undefined,
  notThere = 'look at the path',
) => {
  const headers = {accept, ...(token !== undefined && {authorization: `Bearer ${token}`})};
  const request = {method: 'GET', url, headers, timeout, idempotent: false} as const;
  const answer = await call(dependency, request, Number.POSITIVE_INFINITY);
  if (isNotThere(answer.status))
    throw new Unavailable(
      dependency,
      new NotPublished(`${answer.asked} answered with status ${answer.status}: ${notThere}`),
    );
  return jsonOf(dependency, answer, object);
};

/**
 * A JWK set as an object -> its keys, none if it says so in so many words; rejects with Unavailable if none of those that
 * are there can be used. For issuers with a way of their own.
 */
export const usableKeys = async (dependency: string, jwks: unknown): Promise<KeySet> => {
  if (isObject(jwks) && Array.isArray(jwks.keys) && jwks.keys.length === 0) return noKeys;
  const keys = await readKeySet(jwks);
  if (keys === undefined) throw outage(dependency, 'it publishes no key that can be used to verify signatures');
  return keys;
};

/** Keys at a URL of the configuration. */
export const keysAtUrl =
  (call: RemoteCall, dependency: string, url: string, token?: string): FetchKeys =>
  async () =>
    usableKeys(dependency, await getJson(call, dependency, url, token));

/** OpenID Connect Discovery 1.0 section 4: below the issuer, its path included. */
const openIdOf = (call: RemoteCall, dependency: string, issuer: string, token: string | undefined) =>
  getJson(
    call,
    dependency,
    `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
    token,
    'compare the issuer with the iss of a token; if it publishes no discovery document, set jwksUri',
  );

/**
 * A server of OAuth 2 alone has another document, between the host and the path of the issuer (RFC 8414 section 3.1): asked
 * for where the first is not there.
 */
const eitherOf: typeof openIdOf = async (call, dependency, issuer, token) => {
  try {
    return await openIdOf(call, dependency, issuer, token);
  } catch (error) {
    if (!(error instanceof Unavailable && error.cause instanceof NotPublished)) throw error;
    const {origin, pathname} = new URL(issuer);
    const url = `${origin}/.well-known/oauth-authorization-server${pathname.replace(/\/$/, '')}`;
    // What is wrong with the second says little to whoever has neither.
    return getJson(call, dependency, url, token).catch(() => Promise.reject(error));
  }
};

/**
 * Keys by discovery (OpenID Connect Discovery 1.0 section 4, RFC 8414): the document must name the very issuer that it was asked
 * for (section 4.3), and its `jwks_uri` must be https, except for an issuer on http itself, which the settings allow on
 * loopback or with `insecure`. Discovery is asked again each time, for an issuer may move its keys. `token` is shown to
 * the issuer's own origin only, wherever its keys are. `oauth`: a server of OAuth 2 alone will do, too.
 */
export const keysByDiscovery =
  (call: RemoteCall, dependency: string, issuer: string, insecure: boolean, token?: string, oauth = false): FetchKeys =>
  async () => {
    const document = await (oauth ? eitherOf : openIdOf)(call, dependency, issuer, token);
    if (document.issuer !== issuer) throw outage(dependency, otherIssuer(document.issuer, issuer));
    const uri = document.jwks_uri;
    const url = typeof uri === 'string' ? URL.parse(uri) : null;
    if (url === null)
      throw outage(dependency, 'its discovery document has no jwks_uri: set jwksUri to where its keys are');
    const plainAllowed = insecure || (issuer.startsWith('http:') && !isInsecureUrl(url.href));
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && plainAllowed))
      throw outage(dependency, 'its jwks_uri is not https:');
    const shown = url.origin === new URL(issuer).origin ? token : undefined;
    return usableKeys(dependency, await getJson(call, dependency, url.href, shown));
  };

/** Both names are public, and whoever compares them sees what is to be changed. */
const otherIssuer = (named: unknown, wanted: string): string => {
  const said = typeof named === 'string' ? `"${named.slice(0, 256)}"` : 'no issuer';
  const slash =
    typeof named === 'string' && isSameButSlash(named, wanted) ? '; they differ only by the slash at the end' : '';
  return `its discovery document is that of another issuer: it names ${said}, and the settings "${wanted}"${slash}`;
};

/** Whether two issuers are one but for a slash at the end: not the same (RFC 8414 section 3.3), and what people overlook. */
export const isSameButSlash = (one: string, other: string): boolean =>
  one !== other && one.replace(/\/$/, '') === other.replace(/\/$/, '');
