// A certified OpenID provider (npm oidc-provider) that issues JWT access tokens, and a pen that writes what it never would.
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {type CryptoKey, exportJWK, generateKeyPair, type JWTHeaderParameters, SignJWT} from 'jose';
import Provider, {type Configuration, type ResourceServer} from 'oidc-provider';

/** Claims of a token; one that is undefined is left out. */
type Claims = Readonly<Record<string, unknown>>;

/** Claims of a person besides `sub`, which is the key of the person: `{org_id: 'acme', roles: ['admin']}`. */
export type People = Readonly<Record<string, Claims>>;

export interface IdentityProviderOptions {
  readonly people: People;
  /** Audience of the tokens that it issues. */
  readonly audience: string;
  /** Scopes that the service client may have. */
  readonly scopes?: string;
  readonly port?: number;
}

export interface IdentityProvider {
  /** `http://127.0.0.1:port` */
  readonly issuer: string;
  /** An access token of a person, as the token endpoint issues it: typ at+jwt, RS256, an hour. */
  token(person: string): Promise<string>;
  /** An access token of the service `robot` by client credentials: its `sub` is its `client_id`. */
  serviceToken(scope?: string): Promise<string>;
  /**
   * A token signed by hand with the provider's own key: good unless `claims` (a claim `undefined` is left out), `header`
   * or `key` make it bad. Without claims it is what `token` would issue for the subject `alice`.
   */
  sign(claims?: Claims, options?: {header?: Partial<JWTHeaderParameters>; key?: CryptoKey}): Promise<string>;
  stop(): Promise<void>;
}

/** The name of the grant by which tests and the demo get a person's token without a browser. */
const personGrant = 'person';
const client = {client_id: 'demo', client_secret: 'demo-secret'};
const robot = {client_id: 'robot', client_secret: 'robot-secret'};

/** The `curl` arguments that get a token of a person. */
export const tokenRequest = (issuer: string, person: string): string =>
  `${issuer}/token -d grant_type=${personGrant} -d person=${person} -d client_id=${client.client_id} -d client_secret=${client.client_secret}`;

/** JWT access tokens are not looked up again, so the provider needs no memory. */
const keepsNothing = {
  upsert: async () => undefined,
  find: async () => undefined,
  findByUserCode: async () => undefined,
  findByUid: async () => undefined,
  consume: async () => undefined,
  destroy: async () => undefined,
  revokeByGrantId: async () => undefined,
};

/** The service that the tokens are for, in the words of RFC 8707. */
const resourceOf = (options: IdentityProviderOptions): ResourceServer => ({
  scope: options.scopes ?? 'orders.read',
  audience: options.audience,
  accessTokenFormat: 'jwt',
  accessTokenTTL: 3_600,
});

const configurationOf = (options: IdentityProviderOptions, jwk: object): Configuration => {
  const common = {redirect_uris: [], response_types: [], token_endpoint_auth_method: 'client_secret_post' as const};
  return {
    clients: [
      {...client, ...common, grant_types: [personGrant]},
      {...robot, ...common, grant_types: ['client_credentials']},
    ],
    adapter: () => keepsNothing,
    jwks: {keys: [jwk]},
    cookies: {keys: ['only-for-tests']},
    ttl: {AccessToken: 3_600, ClientCredentials: 3_600},
    features: {
      devInteractions: {enabled: false},
      clientCredentials: {enabled: true},
      resourceIndicators: {
        enabled: true,
        defaultResource: () => 'urn:postern:demo',
        getResourceServerInfo: () => resourceOf(options),
        useGrantedResource: () => true,
      },
    },
    extraTokenClaims: (_context: unknown, token: object) =>
      options.people[(token as {accountId?: string}).accountId ?? ''],
  } as unknown as Configuration;
};

/** Starts it on the loopback. Keys are new each time. */
export const startIdentityProvider = async (options: IdentityProviderOptions): Promise<IdentityProvider> => {
  const {privateKey} = await generateKeyPair('RS256', {extractable: true});
  const jwk = {...(await exportJWK(privateKey)), kid: 'first', alg: 'RS256', use: 'sig'};

  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, configurationOf(options, jwk));
  provider.registerGrantType(
    personGrant,
    async (ctx) => {
      const person = String(ctx.oidc.params?.person);
      if (!Object.hasOwn(options.people, person) || ctx.oidc.client === undefined) {
        ctx.status = 400;
        ctx.body = {error: 'invalid_request', error_description: `the people are ${Object.keys(options.people)}`};
        return;
      }
      const token = new provider.AccessToken({accountId: person, client: ctx.oidc.client, gty: personGrant} as never);
      token.resourceServer = new provider.ResourceServer(options.audience, resourceOf(options));
      ctx.body = {access_token: await token.save(), token_type: 'Bearer', expires_in: token.expiration};
    },
    ['person'],
  );
  server.on('request', provider.callback());

  const ask = async (form: Record<string, string>): Promise<string> => {
    const response = await fetch(`${issuer}/token`, {method: 'POST', body: new URLSearchParams(form)});
    const answer = (await response.json()) as {access_token?: string};
    if (answer.access_token === undefined) throw new Error(`The identity provider says ${JSON.stringify(answer)}`);
    return answer.access_token;
  };

  return {
    issuer,
    token: (person) => ask({grant_type: personGrant, person, ...client}),
    serviceToken: (scope = options.scopes ?? 'orders.read') => ask({grant_type: 'client_credentials', scope, ...robot}),
    sign: (claims = {}, {header, key} = {}) => {
      const now = Math.floor(Date.now() / 1_000);
      const known = options.people[Object.hasOwn(claims, 'sub') ? String(claims.sub) : 'alice'];
      const usual = {iss: issuer, sub: 'alice', aud: options.audience, client_id: 'demo', iat: now, exp: now + 3_600};
      return new SignJWT({...known, ...usual, ...claims})
        .setProtectedHeader({alg: 'RS256', kid: 'first', typ: 'at+jwt', ...header})
        .sign(key ?? privateKey);
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
