// What an introspection endpoint says of a token (RFC 7662 section 2.2), checked, and what is kept of it.
import {z} from 'zod';

const text = z.string();
/** NumericDate (RFC 7519 section 2): the RFC says integer, and some issuers send fractions. */
const date = z.number().min(0).max(1e12);

/** The members that the RFC defines, each of its type; others are the issuer's own. */
const members = {
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
};
const activeReply = z.looseObject({active: z.literal(true), ...members});

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

/** What is kept of a reply: the claims. None: the token is not active. */
export const keptReply = z.strictObject({claims: z.looseObject(members).exactOptional()});
export type KeptReply = z.output<typeof keptReply>;

export const keptOf = (reply: z.output<typeof introspectionReply>): KeptReply => {
  if (reply.active !== true) return {};
  const {active: _, ...claims} = reply;
  return {claims};
};
