// A stand-in for Frontier, built from its published API, in both generations: sessions, service users, tokens, checks.
import {createCipheriv, createHmac, randomBytes, randomUUID} from 'node:crypto';
import type {IncomingHttpHeaders} from 'node:http';
import {importJWK, jwtVerify} from 'jose';
import {json, startServer} from '../../remote/servers.ts';
import {type Fault, makeFaults} from './faults.ts';
import {makeSigningKey, type SigningKey} from './signing.ts';

/** Someone whom Frontier knows. */
export interface Subject {
  readonly id: string;
  readonly type: 'app/user' | 'app/serviceuser' | 'app/pat';
  readonly organizations?: readonly string[];
  readonly email?: string;
  /** Of a personal token: its owner. */
  readonly owner?: string;
  readonly disabled?: boolean;
  readonly deleted?: boolean;
}

export interface Asked {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever was sent
  readonly body: any;
}

export interface Frontier {
  readonly url: string;
  readonly asked: Asked[];
  /** How often a method was asked: `AuthToken`. */
  count(method: keyof typeof paths.connect): number;
  readonly sessions: Map<string, Subject>;
  /** `credentialID:secret` -> service user. */
  readonly secrets: Map<string, Subject>;
  readonly personalTokens: Map<string, Subject>;
  /** Credential id -> service user and the key that signs its assertions. */
  readonly assertionKeys: Map<string, {subject: Subject; key: SigningKey}>;
  /** Project id or name -> id. */
  readonly projects: Map<string, string>;
  /** `subject permission resource`. */
  readonly relations: Set<string>;
  readonly permissions: Set<string>;
  /** `organisation feature`. */
  readonly features: Set<string>;
  readonly faults: Map<string, Fault>;
  /** Milliseconds that AuthToken takes, as bcrypt does. */
  slow: number;
  /** Milliseconds that a check takes. */
  slowCheck: number;
  /** Whether tokens name the session, as a setting of Frontier says. */
  namesSession: boolean;
  /** The value of `sid` for a session; `seconds`: when it was written. */
  cookie(session: string, seconds?: number): string;
  /** An access token as it issues them; undefined takes a claim out. */
  token(subject: Subject, claims?: object, header?: object): Promise<string>;
  rotate(): Promise<void>;
  close(): Promise<void>;
}

export const cookieKeys = {
  hashKey: 'hash-secret-should-be-32-chars--',
  blockKey: 'block-secret-should-be-32-chars-',
};
export const own = {clientId: 'own-credential', clientSecret: 'canary-own-secret'};

const service = '/raystack.frontier.v1beta1.FrontierService';
export const paths = {
  connect: {
    keys: `${service}/GetJWKs`,
    token: `${service}/AuthToken`,
    check: `${service}/CheckResourcePermission`,
    feature: `${service}/CheckFeatureEntitlement`,
  },
  rest: {
    keys: '/.well-known/jwks.json',
    token: '/v1beta1/auth/token',
    check: '/v1beta1/check',
    feature: '/v1beta1/organizations/billing/check',
  },
} as const;

export type Generation = keyof typeof paths;

/** What Frontier refuses with: HTTP status, number of the older generation, message. */
export const codes = {
  unauthenticated: [401, 16, 'not authenticated'],
  permission_denied: [403, 7, 'not authorized'],
  not_found: [404, 5, "user doesn't exist"],
  invalid_argument: [400, 3, 'bad request'],
  failed_precondition: [400, 9, 'org is disabled. Please contact your administrator to enable it'],
} as const;

/** The body of a refusal. */
export const refusalOf = (api: Generation, code: keyof typeof codes): object => {
  const [, number, message] = codes[code];
  return api === 'rest' ? {code: number, message, details: []} : {code, message};
};

class Refusal extends Error {
  readonly code: keyof typeof codes;
  constructor(code: keyof typeof codes) {
    super(code);
    this.code = code;
  }
}

const written = (bytes: Buffer): string => bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_');

/** As gorilla/securecookie encodes; its own cookies are in frontierCookies.json. */
const sealedSession = (session: string, seconds: number): string => {
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-256-ctr', cookieKeys.blockKey, iv);
  const gob = Buffer.concat([Buffer.from([39, 12, 0, 36]), Buffer.from(session)]);
  const value = written(Buffer.concat([iv, cipher.update(gob)]));
  const mac = createHmac('sha256', cookieKeys.hashKey).update(`sid|${seconds}|${value}`).digest();
  return written(Buffer.concat([Buffer.from(`${seconds}|${value}|`), mac]));
};

const passed = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const claimsOf = (token: string): Record<string, unknown> => {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  } catch {
    return {};
  }
};

/** Made once, for it takes a while: no test changes it. */
let made: Promise<SigningKey> | undefined;
const firstKey = () => {
  made ??= makeSigningKey('k1');
  return made;
};

/** A bearer that is a JWT counts with an id, and before its end. */
const counts = (token: string): boolean => {
  const {jti, exp} = claimsOf(token);
  return token.split('.').length !== 3 || (typeof jti === 'string' && Number(exp) * 1_000 > Date.now());
};

const isSignedBy = async ({jwk}: SigningKey, token: string): Promise<boolean> =>
  jwtVerify(token, await importJWK(jwk, 'RS256')).then(
    () => true,
    () => false,
  );

/** Starts it on a free port. */
export const startFrontier = async (api: Generation): Promise<Frontier> => {
  let signing = await firstKey();
  let published = [signing.jwk];
  const faults = makeFaults();
  const asked: Asked[] = [];
  const sessionByCookie = new Map<string, string>();

  /** By its own tokens it knows everyone again. */
  const subjects = (): Subject[] => [
    ...frontier.sessions.values(),
    ...frontier.secrets.values(),
    ...frontier.personalTokens.values(),
    ...[...frontier.assertionKeys.values()].map(({subject}) => subject),
  ];
  const issuedTo = (token: string): Subject | undefined => {
    const {sub, gen, exp} = claimsOf(token);
    if (gen !== 'system' || Number(exp) * 1_000 < Date.now()) return undefined;
    return subjects().find(({id}) => id === sub);
  };

  /** Whom a request comes from, in its precedence: session, personal token, access token, assertion, secret. */
  const principalOf = async (
    headers: IncomingHttpHeaders,
  ): Promise<{subject: Subject; via: string; session?: string}> => {
    const [, sid] = /(?:^|;\s*)sid=([^;]*)/.exec(headers.cookie ?? '') ?? [];
    const session = sid === undefined ? undefined : sessionByCookie.get(sid);
    const live = session === undefined ? undefined : frontier.sessions.get(session);
    if (live !== undefined && session !== undefined) return {subject: live, via: 'session', session};

    const [, scheme = '', value = ''] = /^(\S+) (\S+)$/.exec(headers.authorization ?? '') ?? [];
    const isScheme = (name: string) => (api === 'rest' ? scheme === name : scheme.toLowerCase() === name.toLowerCase());
    const bare = api === 'rest' && headers.authorization?.startsWith('ey') ? headers.authorization : undefined;
    const bearer = isScheme('Bearer') ? value : bare;
    const token = bearer !== undefined && counts(bearer) ? bearer : headers['x-user-token']?.toString();
    if (token !== undefined) {
      const personal = frontier.personalTokens.get(token);
      if (personal !== undefined) return {subject: personal, via: 'pat'};
      const issued = issuedTo(token);
      if (issued !== undefined) return {subject: issued, via: 'access'};
      const credential = frontier.assertionKeys.get(String(claimsOf(token).kid));
      if (credential !== undefined && (await isSignedBy(credential.key, token))) {
        return {subject: credential.subject, via: 'jwt_grant'};
      }
      throw new Refusal('unauthenticated');
    }
    const secret = isScheme('Basic') ? Buffer.from(value, 'base64').toString() : '';
    const known = frontier.secrets.get(secret);
    if (known === undefined) throw new Refusal('unauthenticated');
    return {subject: known, via: 'client_credentials'};
  };

  // biome-ignore lint/suspicious/noExplicitAny: as it came
  const replyTo = async (method: string, headers: IncomingHttpHeaders, body: any): Promise<unknown> => {
    if (method === 'keys') {
      if (api === 'connect') await principalOf(headers);
      return {keys: published};
    }
    if (method === 'check' && frontier.slowCheck > 0) await passed(frontier.slowCheck);
    const {subject, via, session} = await principalOf(headers);
    // A user who is disabled is not found, and whether a service user is, is not looked at.
    if (subject.deleted || (subject.disabled && subject.type !== 'app/serviceuser') || !subjects().includes(subject))
      throw new Refusal('not_found');
    if (method === 'token') {
      if (frontier.slow > 0) await passed(frontier.slow);
      const project = frontier.projects.get(headers['x-project']?.toString() ?? '');
      const token = await frontier.token(subject, {
        auth_via: via,
        ...(frontier.namesSession && session !== undefined && {sid: session}),
        ...(project !== undefined && {project_id: project}),
      });
      return {access_token: token, token_type: 'Bearer'};
    }
    if (method === 'check') {
      if (!frontier.permissions.has(body.permission)) throw new Refusal('not_found');
      const related = frontier.relations.has(`${subject.id} ${body.permission} ${body.resource}`);
      return related ? {status: true} : {};
    }
    return frontier.features.has(`${body.org_id} ${body.feature}`) ? {status: true} : {};
  };

  const server = await startServer((request, response, body) => {
    const path = request.url ?? '';
    const read = body === '' ? {} : JSON.parse(body);
    asked.push({path, headers: request.headers, body: read});
    if (faults.applied(path, response, body)) return;
    const [method] = Object.entries(paths[api]).find(([, of]) => of === path) ?? [];
    const verb = api === 'rest' && method === 'keys' ? 'GET' : 'POST';
    if (method === undefined || request.method !== verb) {
      if (api === 'rest') return json(response, {code: 5, message: 'Not Found', details: []}, 404);
      response.writeHead(404, {'content-type': 'text/plain'}).end('404 page not found\n');
      return;
    }
    replyTo(method, request.headers, read).then(
      (value) => json(response, value),
      (error: unknown) => {
        if (!(error instanceof Refusal)) return response.writeHead(500).end(String(error));
        return json(response, refusalOf(api, error.code), codes[error.code][0]);
      },
    );
  });

  const frontier: Frontier = {
    url: server.url,
    asked,
    count: (method) => asked.filter(({path}) => path === paths[api][method]).length,
    sessions: new Map(),
    secrets: new Map([[`${own.clientId}:${own.clientSecret}`, {id: 'own', type: 'app/serviceuser'}]]),
    personalTokens: new Map(),
    assertionKeys: new Map(),
    projects: new Map(),
    relations: new Set(),
    permissions: new Set(['get', 'app.project.update']),
    features: new Set(),
    faults: faults.at,
    slow: 0,
    slowCheck: 0,
    namesSession: true,
    cookie(session, seconds = Math.floor(Date.now() / 1_000)) {
      const cookie = sealedSession(session, seconds);
      sessionByCookie.set(cookie, session);
      return cookie;
    },
    token: ({id, type, organizations = [], email, owner}, claims = {}, header = {}) =>
      signing.sign(
        {
          iss: 'frontier',
          sub: id,
          jti: randomUUID(),
          nbf: Math.floor(Date.now() / 1_000) - 5,
          kid: signing.jwk.kid,
          gen: 'system',
          sub_type: type,
          auth_via: 'session',
          org_ids: organizations.join(','),
          email,
          ...(owner !== undefined && {user_id: owner}),
          ...claims,
        },
        {typ: 'JWT', ...header},
      ),
    rotate: async () => {
      signing = await makeSigningKey(`k${published.length + 1}`);
      published = [signing.jwk];
    },
    close: server.close,
  };
  return frontier;
};
