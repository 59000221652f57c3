// Where an issuer's keys are fetched from: a URL, or the one that discovery names.
import {jsonOf, type RemoteCall, type Shape} from '../core/remote.ts';
import {Unavailable} from '../core/unavailable.ts';
import {type KeySet, readKeySet} from './keys.ts';
import {isInsecureUrl} from './settings.ts';

/**
 * Fetches the keys once. Rejects with Unavailable unless there is at least one that can be used, or the issuer's word that
 * there is none: a set of no keys.
 */
export type FetchKeys = () => Promise<KeySet>;

/** Milliseconds for one attempt. No request's deadline applies: the keys are for all requests. */
const timeout = 5_000;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const object: Shape<Readonly<Record<string, unknown>>> = {
  safeParse: (value) =>
    isObject(value) ? {success: true, data: value} : {success: false, error: {message: 'not an object'}},
};

const noKeys: KeySet = {size: 0, find: () => [], has: () => false};

const outage = (dependency: string, what: string) => new Unavailable(dependency, new Error(what));

/** Tried once: the keeper of the keys has a back-off of its own, and promises how often it asks. */
const getJson = async (call: RemoteCall, dependency: string, url: string) =>
  jsonOf(
    dependency,
    await call(dependency, {method: 'GET', url, timeout, idempotent: false}, Number.POSITIVE_INFINITY),
    object,
  );

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
  (call: RemoteCall, dependency: string, url: string): FetchKeys =>
  async () =>
    usableKeys(dependency, await getJson(call, dependency, url));

/**
 * Keys by discovery (OpenID Connect Discovery 1.0 section 4): the document must name the very issuer that it was asked
 * for (section 4.3), and its `jwks_uri` must be https, except for an issuer on http itself, which the settings allow on
 * loopback or with `insecure`. Discovery is asked again each time, for an issuer may move its keys.
 */
export const keysByDiscovery =
  (call: RemoteCall, dependency: string, issuer: string, insecure: boolean): FetchKeys =>
  async () => {
    const document = await getJson(call, dependency, `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
    if (document.issuer !== issuer) throw outage(dependency, 'its discovery document is that of another issuer');
    const uri = document.jwks_uri;
    const url = typeof uri === 'string' ? URL.parse(uri) : null;
    if (url === null) throw outage(dependency, 'its discovery document has no jwks_uri');
    const plainAllowed = insecure || (issuer.startsWith('http:') && !isInsecureUrl(url.href));
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && plainAllowed))
      throw outage(dependency, 'its jwks_uri is not https:');
    return usableKeys(dependency, await getJson(call, dependency, url.href));
  };
