// Authgear's resolver: asked whose session a token or cookie is.
import {z} from 'zod';
import type {Credential, Place} from '../../core/credential.ts';
import {derivedOnce} from '../../core/derived.ts';
import type {RemoteAnswer} from '../../core/remote.ts';
import type {Request} from '../../core/request.ts';
import {Unavailable} from '../../core/unavailable.ts';
import type {ReadPrincipal} from '../../providers/claims.ts';
import {parseJwt} from '../../providers/jwt.ts';
import type {Provider} from '../../providers/provider.ts';
import {makeAskOnce} from '../../providers/session.ts';
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
/** `session` null: there is none. `setCookies`: for the client, so that it forgets a session that is over. */
const resolved = z.strictObject({session: session.nullable(), setCookies: z.array(z.string()).max(20)});
type Session = z.output<typeof session>;
type Resolved = z.output<typeof resolved>;

/**
 * Only the credential that counts is sent, as what it came as: Authgear too looks at the first alone. A valid session is
 * kept for the resolver's `ttl`; none is asked about each time, so that a sign-in counts at once.
 */
export const makeSessions = (
  settings: AuthgearSettings,
  places: readonly Place[],
  read: ReadPrincipal,
  parts: VendorParts,
): Provider => {
  const {name, endpoint, mode, resolver} = settings;
  const dependency = `authgear:${name}`;
  const {host} = new URL(endpoint);
  const url = resolver.url ?? `${endpoint}/_resolver/resolve`;
  const about = {dependency, cache: 'authgear-sessions', settings: [host, url, resolver.ttl], shape: resolved};
  const askOnce = makeAskOnce<Resolved>(about, parts);
  const principalBehind = derivedOnce((found: Session) => {
    const principal = read(found);
    // A session counts as issued when its user signed in, so that a revocation ends it and not the next one.
    return principal?.authTime === undefined ? principal : {...principal, issuedAt: principal.authTime};
  });

  const ask = async ({place, value}: Credential, request: Request): Promise<Resolved> => {
    const own = place.kind === 'cookie' ? {cookie: `${place.name}=${value}`} : {authorization: `Bearer ${value}`};
    // Authgear chooses the project by the host, and shows its user the browser and address of each session.
    const headers = {...told(request, 'user-agent'), ...told(request, 'x-forwarded-for'), ...own, host};
    const answer = await parts.call(dependency, {method: 'GET', url, headers}, Number.POSITIVE_INFINITY);
    if (answer.status !== 200) {
      const hint = answer.status === 404 ? `: does Authgear know the host ${host}?` : '';
      throw new Unavailable(dependency, new Error(`the resolver answered with status ${answer.status}${hint}`));
    }
    const setCookies = answer.headers.get('set-cookie') ?? [];
    const readable = resolved.safeParse({session: sessionOf(answer), setCookies});
    if (readable.success) return readable.data;
    throw new Unavailable(dependency, new Error('the answer of the resolver has not the expected headers'));
  };
  const life = (found: Resolved): number =>
    found.session !== null && found.setCookies.length === 0 ? resolver.ttl : 0;

  /** What may be sent to Authgear: its opaque and its own tokens, and cookies that are cookie values (RFC 6265). */
  const isForResolver = ({place, value}: Credential): boolean => {
    if (place.kind === 'cookie') return /^[!#-+\--:<-[\]-~]{1,4096}$/.test(value);
    return /^[A-Za-z0-9]{32}$/.test(value) || (mode === 'resolver' && parseJwt(value)?.claims.iss === endpoint);
  };

  return {
    name,
    places,
    accepts: (credential) => (isForResolver(credential) ? credential : undefined),
    async authenticate(credential, {request, deadline}) {
      const {place, value} = credential;
      const question = {about: [place.label, value], ask: () => ask(credential, request), life};
      const {session: found, setCookies} = await askOnce(question, deadline);
      const principal = found === null ? undefined : principalBehind(found);
      return principal === undefined ? {rejected: 'session_invalid', setCookies} : {verified: principal, setCookies};
    },
    health: () => [],
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
