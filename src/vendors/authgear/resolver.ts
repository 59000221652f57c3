// Authgear's resolver: asked whose session a token or cookie is.
import {hash} from 'node:crypto';
import {z} from 'zod';
import {lifeLeft} from '../../core/cache.ts';
import type {Credential} from '../../core/credential.ts';
import type {RemoteAnswer} from '../../core/remote.ts';
import type {Request} from '../../core/request.ts';
import {Unavailable} from '../../core/unavailable.ts';
import type {VendorParts} from '../vendor.ts';
import {userClaims} from './claims.ts';
import type {AuthgearSettings} from './settings.ts';

/** A valid session, under the names that an access token has for the same. */
const session = z.strictObject({
  sub: z.string().regex(/^[^\r\n]{1,512}$/),
  [userClaims.anonymous]: z.boolean().exactOptional(),
  [userClaims.verified]: z.boolean().exactOptional(),
  [userClaims.reauthenticate]: z.boolean().exactOptional(),
  [userClaims.roles]: z.array(z.string()).max(1_000),
  amr: z.array(z.string()).max(100),
  auth_time: z.int().nonnegative().exactOptional(),
});
const resolved = z.strictObject({
  session: session.nullable(),
  setCookies: z.array(z.string()).max(20),
  until: z.number(),
});

export type Session = z.output<typeof session>;

/**
 * `session` null: there is none. `setCookies`: for the client, so that it forgets a session that is over. `until`:
 * milliseconds since the epoch for which it may be kept, so that no layer of the cache keeps it anew.
 */
export type Resolved = z.output<typeof resolved>;

export interface Resolver {
  /** A hash of the credential, of where it stood and of the settings. */
  keyOf(credential: Credential): string;
  /** Rejects with Unavailable unless Authgear answers and can be understood. */
  resolve(key: string, credential: Credential, request: Request): Resolved | Promise<Resolved>;
}

/**
 * Only the credential that counts is sent, as what it came as: Authgear too looks at the first alone. A valid session is
 * kept for the resolver's `ttl`; none is asked about each time, so that a sign-in counts at once.
 */
export const makeResolver = (settings: AuthgearSettings, {call, makeCache, now}: VendorParts): Resolver => {
  const {name, endpoint, resolver} = settings;
  const dependency = `authgear:${name}`;
  const {host} = new URL(endpoint);
  const url = resolver.url ?? `${endpoint}/_resolver/resolve`;
  const prefix = hash('sha256', `authgear session v2 ${JSON.stringify([host, url, resolver.ttl])}`, 'base64url');
  const cache = makeCache<Resolved>('authgear-sessions', {
    encode: (value) => value,
    decode: (json) => resolved.safeParse(json).data,
  });

  const ask = async ({place, value}: Credential, request: Request): Promise<Resolved> => {
    const own = place.kind === 'cookie' ? {cookie: `${place.name}=${value}`} : {authorization: `Bearer ${value}`};
    // Authgear chooses the project by the host, and shows its user the browser and address of each session.
    const headers = {...told(request, 'user-agent'), ...told(request, 'x-forwarded-for'), ...own, host};
    const asked = now();
    const answer = await call(dependency, {method: 'GET', url, headers}, Number.POSITIVE_INFINITY);
    if (answer.status !== 200) {
      const hint = answer.status === 404 ? `: does Authgear know the host ${host}?` : '';
      throw new Unavailable(dependency, new Error(`the resolver answered with status ${answer.status}${hint}`));
    }
    const found = sessionOf(answer);
    const setCookies = answer.headers.get('set-cookie') ?? [];
    const until = found !== null && setCookies.length === 0 ? asked + resolver.ttl : 0;
    const read = resolved.safeParse({session: found, setCookies, until});
    if (read.success) return read.data;
    throw new Unavailable(dependency, new Error('the answer of the resolver has not the expected headers'));
  };

  return {
    keyOf: ({place, value}) => hash('sha256', `${prefix}${place.label} ${value}`, 'base64url'),
    resolve: (key, credential, request) =>
      cache.fetch(
        key,
        () => ask(credential, request),
        ({until}) => Math.max(0, lifeLeft(until, resolver.ttl, now())),
      ),
  };
};

const told = (request: Request, header: string): Record<string, string> => {
  const value = request.headers.get(header);
  return value === undefined || !/^[ -~]{1,512}$/.test(value) ? {} : {[header]: value};
};

/** Null for no session; what is not as documented is left as it is, for the shape to refuse. */
const sessionOf = ({headers}: RemoteAnswer): unknown => {
  const one = (header: string): string | undefined => {
    const lines = headers.get(`x-authgear-${header}`);
    // Two lines of one header are joined to what none of them may be.
    return lines?.join('\n');
  };
  const valid = one('session-valid');
  if (valid === undefined || valid === 'false') return null;
  if (valid !== 'true') return 'odd';
  const found = {
    sub: one('user-id'),
    [userClaims.anonymous]: flagOf(one('user-anonymous')),
    [userClaims.verified]: flagOf(one('user-verified')),
    [userClaims.reauthenticate]: flagOf(one('user-can-reauthenticate')),
    [userClaims.roles]: listOf(one('user-roles'), ','),
    amr: listOf(one('session-amr'), ' '),
    auth_time: momentOf(one('session-authenticated-at')),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
};

const flagOf = (value: string | undefined): unknown => (value === 'true' ? true : value === 'false' ? false : value);

const listOf = (value: string | undefined, separator: string): readonly string[] | string => {
  if (value?.includes('\n')) return value;
  return (value ?? '').split(separator).filter((item) => item !== '');
};

const momentOf = (value: string | undefined): unknown =>
  value !== undefined && /^\d{1,12}$/.test(value) ? Number(value) : value;
