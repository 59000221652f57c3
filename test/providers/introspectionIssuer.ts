// An issuer of opaque tokens (npm oidc-provider) with an introspection endpoint, and tokens in every state.
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {exportJWK, generateKeyPair} from 'jose';
import Provider, {type Configuration} from 'oidc-provider';

/** The states that a token of the tests can be in. `refresh` and `bound` are active there, and no bearer access tokens. */
export const tokenStates = [
  'user',
  'service',
  'expired',
  'revoked',
  'grant-revoked',
  'other-client',
  'unknown',
  'refresh',
  'bound',
] as const;
export type TokenState = (typeof tokenStates)[number];

export interface IntrospectionIssuer {
  readonly endpoint: string;
  readonly issuer: string;
  /** A token in that state; of a user, `person` is the subject. */
  mint(state: TokenState, person?: string): Promise<string>;
  /** What the endpoint itself says, asked by hand. */
  introspect(token: string): Promise<Record<string, unknown>>;
  /** Ends a token's life, as its owner would. */
  revoke(token: string): Promise<void>;
  stop(): Promise<void>;
}

/** The characters of both need form-encoding (RFC 6749 section 2.3.1). */
export const checker = {clientId: 'postern: checker+1', clientSecret: 'a%b c&d=+/:?'};

const client = (client_id: string, client_secret: string) => ({
  client_id,
  client_secret,
  redirect_uris: [],
  response_types: [],
  grant_types: ['client_credentials'],
});

/** Starts it on the loopback. */
export const startIntrospectionIssuer = async (
  method: 'client_secret_basic' | 'client_secret_post' = 'client_secret_basic',
): Promise<IntrospectionIssuer> => {
  const stored = new Map<string, Record<string, unknown>>();
  const adapter = (model: string) => ({
    upsert: async (id: string, payload: object) => void stored.set(`${model}:${id}`, payload as never),
    find: async (id: string) => stored.get(`${model}:${id}`),
    destroy: async (id: string) => void stored.delete(`${model}:${id}`),
    findByUserCode: async () => undefined,
    findByUid: async () => undefined,
    consume: async () => undefined,
    revokeByGrantId: async () => undefined,
  });
  const {privateKey} = await generateKeyPair('RS256', {extractable: true});
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [
      {...client(checker.clientId, checker.clientSecret), token_endpoint_auth_method: method},
      client('app', 'app-secret'),
      client('stranger', 'stranger-secret'),
    ],
    adapter,
    jwks: {keys: [{...(await exportJWK(privateKey)), kid: 'first', alg: 'RS256', use: 'sig'}]},
    ttl: {AccessToken: 3_600, ClientCredentials: 3_600, Grant: 3_600, RefreshToken: 3_600},
    cookies: {keys: ['only-for-tests']},
    scopes: ['orders', 'offline_access'],
    features: {
      devInteractions: {enabled: false},
      clientCredentials: {enabled: true},
      revocation: {enabled: true},
      dPoP: {enabled: true},
      introspection: {
        enabled: true,
        allowedPolicy: async (_: unknown, __: unknown, token: {clientId?: string}) => token.clientId !== 'stranger',
      },
    },
    extraTokenClaims: () => ({org_id: 't1', roles: ['admin']}),
  } as unknown as Configuration);
  server.on('request', provider.callback());

  const clientOf = async (id: string) => (await provider.Client.find(id)) as NonNullable<unknown>;
  const accessToken = async (person: string, more: object = {}, of = 'app') => {
    const extra = {org_id: 't1', roles: ['admin']};
    const fields = {accountId: person, client: await clientOf(of), scope: 'orders', gty: 'test', extra, ...more};
    return new provider.AccessToken(fields as never);
  };
  const aged = (model: string, token: string): string => {
    const payload = stored.get(`${model}:${token}`);
    if (payload === undefined) throw new Error('the token was not stored');
    payload.exp = Math.floor(Date.now() / 1_000) - 60;
    return token;
  };
  const grant = async (person: string) => {
    const made = new provider.Grant({accountId: person, clientId: 'app'});
    return {id: await made.save(), destroy: () => made.destroy()};
  };
  const destroyed = async (token: string): Promise<string> => {
    const found = await provider.AccessToken.find(token);
    await found?.destroy();
    return token;
  };

  const mint: Record<TokenState, (person: string) => Promise<string>> = {
    user: async (person) => (await accessToken(person, {grantId: (await grant(person)).id})).save(),
    service: async () =>
      new provider.ClientCredentials({client: await clientOf('app'), scope: 'orders'} as never).save(),
    expired: async (person) => aged('AccessToken', await (await accessToken(person)).save()),
    revoked: async (person) => destroyed(await (await accessToken(person)).save()),
    'grant-revoked': async (person) => {
      const {id, destroy} = await grant(person);
      const token = await (await accessToken(person, {grantId: id})).save();
      await destroy();
      return token;
    },
    'other-client': async (person) => (await accessToken(person, {}, 'stranger')).save(),
    unknown: async (person) => `nobody-issued-this-${person}-0123456789`,
    refresh: async (person) =>
      new provider.RefreshToken({
        accountId: person,
        client: await clientOf('app'),
        scope: 'orders',
        gty: 'test',
      } as never).save(),
    bound: async (person) => {
      const token = await accessToken(person);
      token.jkt = 'thumbprint-of-a-key';
      return token.save();
    },
  };

  return {
    issuer,
    endpoint: `${issuer}/token/introspection`,
    mint: (state, person = 'alice') => mint[state](person),
    introspect: async (token) => {
      const answer = await fetch(`${issuer}/token/introspection`, {
        method: 'POST',
        headers: {authorization: `Basic ${Buffer.from('app:app-secret').toString('base64')}`},
        body: new URLSearchParams({token}),
      });
      return (await answer.json()) as Record<string, unknown>;
    },
    revoke: async (token) => void (await destroyed(token)),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
