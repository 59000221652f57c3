// Issuers without a network: every provider of JWTs finds keys that this process has made, so that claims can be tried.
import {constants, generateKeyPair, type KeyObject, sign} from 'node:crypto';
import {promisify} from 'node:util';
import type {Settings} from '../../config/schema.ts';
import type {RemoteAnswer, RemoteCall} from '../../core/remote.ts';
import {Unavailable} from '../../core/unavailable.ts';
import {usualToken} from '../../vendors/index.ts';

type ProviderSettings = Settings['providers'][number];

/** On a thread of its own: an RSA key takes a tenth of a second, and a process that answers may want one. */
const generate = promisify(generateKeyPair);

/** RFC 7518 section 3.1: what makes keys for an algorithm. */
const families = {
  RS: () => generate('rsa', {modulusLength: 2_048}),
  PS: () => generate('rsa', {modulusLength: 2_048}),
  ES: (bits: string) => generate('ec', {namedCurve: curves[bits] ?? 'P-256'}),
  Ed: () => generate('ed25519'),
} as const;
const curves: Readonly<Record<string, string>> = {'256': 'P-256', '384': 'P-384', '512': 'P-521'};

interface Signer {
  readonly algorithm: string;
  readonly privateKey: KeyObject;
  readonly jwk: object;
}

export interface OfflineKeys {
  /** Answers for every issuer's discovery document and key set; anything else is Unavailable, with a word why. */
  readonly call: RemoteCall;
  /** A JWT as the provider's issuer would sign it. `claims` stand as they are; nothing is added. */
  sign(provider: string, claims: object, header?: object): string;
  /** What the provider's tokens usually say besides: issuer, audience, client. Undefined: it takes no JWTs. */
  usual(provider: string): Readonly<Record<string, unknown>> | undefined;
}

export const makeOfflineKeys = async (providers: readonly ProviderSettings[]): Promise<OfflineKeys> => {
  const settings = new Map(providers.map((one) => [one.name, one]));
  const takers = providers.filter((one) => usualToken(one) !== undefined);
  const signers = new Map(
    await Promise.all(takers.map(async (one) => [one.name, await makeSigner(algorithmOf(one), one.name)] as const)),
  );
  const signerOf = (name: string): Signer => {
    const known = signers.get(name);
    if (known === undefined) throw new Error(`${name} takes no JWTs, so it has no keys`);
    return known;
  };
  return {
    async call(dependency, {method, url}) {
      const name = dependency.startsWith('keys:') ? dependency.slice('keys:'.length) : undefined;
      const provider = name === undefined ? undefined : settings.get(name);
      if (name === undefined || provider === undefined || method !== 'GET') {
        throw new Unavailable(dependency, new Error('nobody is asked offline: give the principal, or run it online'));
      }
      if (!signers.has(name)) throw new Unavailable(dependency, new Error('it has no keys offline'));
      if (!url.endsWith('/.well-known/openid-configuration')) return json(url, {keys: [signerOf(name).jwk]});
      return json(url, {
        issuer: usualToken(provider)?.iss,
        jwks_uri: url.replace(/openid-configuration$/, 'jwks.json'),
      });
    },
    sign(name, claims, header = {}) {
      const provider = settings.get(name);
      return signed(signerOf(name), claims, {typ: (provider && usualToken(provider)?.typ) ?? 'JWT', ...header});
    },
    usual(name) {
      const provider = settings.get(name);
      const usual = provider && usualToken(provider);
      if (provider === undefined || usual === undefined) return undefined;
      const {iss, aud, claims} = usual;
      return {iss, ...claims, ...(aud !== undefined && {aud}), ...clientOf(provider)};
    },
  };
};

const clientOf = (provider: ProviderSettings): object => {
  if (!('clients' in provider) || !Array.isArray(provider.clients)) return {};
  return {client_id: provider.clients[0]};
};

const algorithmOf = (provider: ProviderSettings): string =>
  'algorithms' in provider ? (provider.algorithms[0] ?? 'RS256') : 'RS256';

const makeSigner = async (algorithm: string, kid: string): Promise<Signer> => {
  const make = families[algorithm.slice(0, 2) as keyof typeof families];
  const {privateKey, publicKey} = await make(algorithm.slice(2));
  return {algorithm, privateKey, jwk: {...publicKey.export({format: 'jwk'}), kid, alg: algorithm, use: 'sig'}};
};

// RFC 7518 section 3.5: the salt is as long as the hash.
const pss = {padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST};

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const signed = ({algorithm, privateKey, jwk}: Signer, claims: object, header: object): string => {
  const kid = (jwk as {kid: string}).kid;
  const text = `${part({alg: algorithm, kid, ...header})}.${part(claims)}`;
  const hash = algorithm === 'EdDSA' ? null : `sha${algorithm.slice(2)}`;
  const signature = sign(hash, Buffer.from(text), {
    key: privateKey,
    dsaEncoding: 'ieee-p1363',
    ...(algorithm.startsWith('PS') && pss),
  });
  return `${text}.${signature.toString('base64url')}`;
};

const json = (url: string, body: object): RemoteAnswer => ({
  asked: `GET ${url}`,
  status: 200,
  headers: new Map([['content-type', ['application/json']]]),
  body: JSON.stringify(body),
});
