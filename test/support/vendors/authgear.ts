// A stand-in for Authgear, built from its published API: discovery, keys, tokens, the resolver with its sessions; and its faults.
import type {IncomingMessage} from 'node:http';
import {json, startServer} from '../../remote/servers.ts';
import {type Fault, makeFaults} from './faults.ts';
import {makeSigningKey, type SigningKey} from './signing.ts';

/** What the resolver says of a session; absent fields send no header. */
export interface AuthgearSession {
  readonly userId: string;
  /** The resolver answers `false`. */
  readonly disabled?: boolean;
  readonly anonymous?: boolean;
  readonly verified?: boolean;
  readonly canReauthenticate?: boolean;
  readonly roles?: readonly string[];
  readonly amr?: readonly string[];
  readonly authenticatedAt?: number;
  /** Sent along whether or not the session is good. */
  readonly setCookies?: readonly string[];
}

export interface Authgear {
  /** `http://127.0.0.1:port`, issuer and audience. */
  readonly endpoint: string;
  /** `METHOD /path`, in order. */
  readonly asked: string[];
  /** What the resolver was sent: all headers. */
  readonly resolved: IncomingMessage['headers'][];
  /** By opaque token, or by value of a session cookie. */
  readonly sessions: Map<string, AuthgearSession>;
  /** By path: what goes wrong there. */
  readonly faults: Map<string, Fault>;
  /** A user's access token unless `claims` say otherwise; undefined takes a claim out. */
  token(claims?: object, header?: object, key?: SigningKey): Promise<string>;
  idToken(): Promise<string>;
  machineToken(claims?: object): Promise<string>;
  close(): Promise<void>;
}

export const authgearPrefix = 'https://authgear.com/claims/user';
export const resolverPath = '/_resolver/resolve';

/** Starts it on a free port. `prefix`: that of its cookies. */
export const startAuthgear = async (prefix = ''): Promise<Authgear> => {
  const signing = await makeSigningKey('k1');
  const faults = makeFaults();
  const sessions = new Map<string, AuthgearSession>();
  const resolved: IncomingMessage['headers'][] = [];

  /** The first of the tokens that is there, else, also if that is over, the cookie `session`; only the last says `false`. */
  const resolve = ({authorization, cookie = ''}: IncomingMessage['headers']): Record<string, string | string[]> => {
    // Of two cookies of one name the first counts.
    const cookies = new Map(
      cookie
        .split('; ')
        .toReversed()
        .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
    );
    const bearer = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1];
    const first = bearer ?? cookies.get(`${prefix}app_session`) ?? cookies.get(`${prefix}app_access_token`);
    const session = sessions.get(first ?? '') ?? sessions.get(cookies.get(`${prefix}session`) ?? '');
    const own = session?.setCookies === undefined ? {} : {'set-cookie': [...session.setCookies]};
    if (session === undefined) {
      return cookies.has(`${prefix}session`)
        ? {'x-authgear-session-valid': 'false', 'set-cookie': [`${prefix}session=; Max-Age=0; Path=/`]}
        : {};
    }
    if (session.disabled) return {'x-authgear-session-valid': 'false', ...own};
    const {
      anonymous = false,
      verified = true,
      canReauthenticate = true,
      roles = [],
      amr = [],
      authenticatedAt,
    } = session;
    return {
      'x-authgear-session-valid': 'true',
      'x-authgear-user-id': session.userId,
      'x-authgear-user-anonymous': String(anonymous),
      'x-authgear-user-verified': String(verified),
      'x-authgear-user-can-reauthenticate': String(canReauthenticate),
      ...(roles.length > 0 && {'x-authgear-user-roles': roles.join(',')}),
      'x-authgear-session-amr': amr.join(' '),
      ...(authenticatedAt !== undefined && {'x-authgear-session-authenticated-at': String(authenticatedAt)}),
      ...own,
    };
  };

  const server = await startServer((request, response) => {
    const {pathname} = new URL(request.url ?? '/', 'http://authgear');
    if (faults.applied(pathname, response)) return;
    if (pathname === '/.well-known/openid-configuration') {
      json(response, {issuer: server.url, jwks_uri: `${server.url}/oauth2/jwks`});
    } else if (pathname === '/oauth2/jwks') {
      json(response, {keys: [signing.jwk]});
    } else if (pathname === resolverPath) {
      resolved.push(request.headers);
      // The project is chosen by the host.
      const known = `http://${request.headers.host}` === server.url;
      response.writeHead(known ? 200 : 404, known ? resolve(request.headers) : {}).end();
    } else {
      response.writeHead(404).end();
    }
  });

  return {
    endpoint: server.url,
    asked: server.asked,
    resolved,
    sessions,
    faults: faults.at,
    token: (claims = {}, header = {}, key = signing) =>
      key.sign(
        {
          iss: server.url,
          aud: [server.url],
          sub: 'user-1',
          client_id: 'spa',
          scope: 'openid offline_access',
          auth_time: Math.floor(Date.now() / 1_000) - 60,
          amr: ['pwd', 'otp', 'mfa'],
          jti: crypto.randomUUID(),
          [`${authgearPrefix}/is_anonymous`]: false,
          [`${authgearPrefix}/is_verified`]: true,
          [`${authgearPrefix}/can_reauthenticate`]: true,
          [`${authgearPrefix}/roles`]: [],
          ...claims,
        },
        {typ: 'at+jwt', ...header},
      ),
    idToken: () => signing.sign({iss: server.url, aud: ['spa'], sub: 'user-1', sid: 's'}, {typ: 'JWT'}),
    machineToken: (claims = {}) =>
      signing.sign(
        {
          iss: server.url,
          aud: ['https://orders.example'],
          sub: 'client_id_robot',
          client_id: 'robot',
          scope: 'a b',
          ...claims,
        },
        {typ: 'at+jwt'},
      ),
    close: server.close,
  };
};
