// What Authgear's resolver says, in headers: whose session it is, or that there is none.
import {z} from 'zod';
import type {RemoteAnswer} from '../../core/remote.ts';
import {userClaims} from './claims.ts';

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
export const resolved = z.strictObject({session: session.nullable(), setCookies: z.array(z.string()).max(20)});
export type Session = z.output<typeof session>;
export type Resolved = z.output<typeof resolved>;

/**
 * Reads an answer of status 200; undefined if it cannot be the resolver's: that writes no body, and no header but as
 * documented. A page of something else must not become "no session" for everyone.
 */
export const resolvedOf = (answer: RemoteAnswer): Resolved | undefined => {
  if (answer.body !== '') return undefined;
  const setCookies = answer.headers.get('set-cookie') ?? [];
  return resolved.safeParse({session: sessionOf(answer), setCookies}).data;
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
