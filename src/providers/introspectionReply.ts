// What an introspection endpoint says of a token (RFC 7662 section 2.2), checked, and as it is kept in a cache.
import {z} from 'zod';
import type {CacheCodec} from '../core/cache.ts';
import type {Claims} from './jwt.ts';

const text = z.string();
/** NumericDate (RFC 7519 section 2): the RFC says integer, and some issuers send fractions. */
const date = z.number().min(0).max(1e12);

/** The members that the RFC defines, each of its type; others are the issuer's own. */
const activeReply = z.looseObject({
  active: z.literal(true),
  scope: text.optional(),
  client_id: text.optional(),
  username: text.optional(),
  token_type: text.optional(),
  exp: date.optional(),
  iat: date.optional(),
  nbf: date.optional(),
  sub: text.optional(),
  aud: z.union([text, z.array(text)]).optional(),
  iss: text.optional(),
  jti: text.optional(),
  cnf: z.looseObject({}).optional(),
});

/** Of an inactive token nothing else is looked at: the issuer should not say more (section 2.2). */
const inactiveReply = z.looseObject({active: z.literal(false)});

/** Some issuers write null for what they do not say. */
const withoutNulls = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null))
    : value;

/** A reply, or what is wrong with it: `active` is required and a boolean. */
export const introspectionReply = z.preprocess(
  withoutNulls,
  z.discriminatedUnion('active', [activeReply, inactiveReply]),
);
type IntrospectionReply = z.output<typeof introspectionReply>;

/** What is kept of a reply. `until`: milliseconds since the epoch. */
export interface KeptReply {
  readonly until: number;
  /** Undefined: the token is not active. */
  readonly claims?: Claims;
}

export const keptReply = (reply: IntrospectionReply, until: number): KeptReply => {
  if (reply.active !== true) return {until};
  const {active: _, ...claims} = reply;
  return {until, claims};
};

/** A shared cache can be written to by others: what is read from it is checked as a reply is. */
export const keptReplyCodec: CacheCodec<KeptReply> = {
  encode: (kept) => kept,
  decode(json) {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
    const {until, claims} = json as {until?: unknown; claims?: unknown};
    if (typeof until !== 'number' || !Number.isFinite(until)) return undefined;
    if (claims === undefined) return {until};
    if (typeof claims !== 'object' || claims === null || Array.isArray(claims) || Object.hasOwn(claims, 'active'))
      return undefined;
    const read = activeReply.safeParse({...claims, active: true});
    return read.success ? keptReply(read.data, until) : undefined;
  },
};
