// A stand-in for a Cognito user pool: its key set, and tokens as AWS documents them.
import {issuerOf} from '../../../src/vendors/cognito/provider.ts';
import {json, startServer} from '../../remote/servers.ts';
import {type Fault, makeFaults} from './faults.ts';
import {makeSigningKey, type SigningKey} from './signing.ts';

export const userPoolId = 'eu-west-1_AbCdEf123';
export const issuer = issuerOf({userPoolId, issuer: 'original'});
export const keysPath = `/${userPoolId}/.well-known/jwks.json`;

export interface Cognito {
  /** `http://127.0.0.1:port`, where the keys are fetched; tokens name AWS. */
  readonly endpoint: string;
  /** `METHOD /path`, in order. */
  readonly asked: string[];
  /** By path: what goes wrong there. */
  readonly faults: Map<string, Fault>;
  /** A user's access token unless `claims` say otherwise; undefined takes a claim out. Cognito writes no `typ`. */
  token(claims?: object, header?: object, key?: SigningKey): Promise<string>;
  /** A machine's access token, by client credentials. */
  machineToken(claims?: object): Promise<string>;
  /** An id token, as the sign-in page gets it with the access token. */
  idToken(claims?: object): Promise<string>;
  /** Publishes a new key and signs with it from now on; the old one is no longer published. */
  rotate(): Promise<void>;
  close(): Promise<void>;
}

/** Starts it on a free port. A user pool has two keys: one for id tokens, one for access tokens. */
export const startCognito = async (): Promise<Cognito> => {
  const idKey = await makeSigningKey('id1');
  let accessKey = await makeSigningKey('access1');
  const faults = makeFaults();
  const server = await startServer((request, response) => {
    const path = request.url ?? '/';
    if (faults.applied(path, response)) return;
    if (path === keysPath) json(response, {keys: [idKey.jwk, accessKey.jwk]});
    else json(response, {message: 'not found'}, 404);
  });
  const seconds = Math.floor(Date.now() / 1_000);
  const user = {
    sub: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
    iss: issuer,
    origin_jti: 'session-1',
    event_id: 'event-1',
    auth_time: seconds - 60,
  };
  const access = {client_id: 'web', token_use: 'access', jti: 'token-1'};
  return {
    endpoint: server.url,
    asked: server.asked,
    faults: faults.at,
    token: (claims = {}, header = {}, key = accessKey) =>
      key.sign({...user, ...access, version: 2, scope: 'openid orders/read', username: 'janedoe', ...claims}, header),
    machineToken: (claims = {}) =>
      accessKey.sign({...access, sub: 'robot', client_id: 'robot', iss: issuer, scope: 'orders/write', ...claims}),
    idToken: (claims = {}) =>
      idKey.sign({
        ...user,
        aud: 'web',
        token_use: 'id',
        at_hash: 'x',
        'cognito:username': 'janedoe',
        email: 'jane@acme.example',
        email_verified: true,
        ...claims,
      }),
    rotate: async () => {
      accessKey = await makeSigningKey('access2');
    },
    close: server.close,
  };
};
