// What an introspection endpoint says of a token (RFC 7662 section 2.2), checked, and what is kept of it.
import {z} from 'zod';

const text = z.string();
/** NumericDate (RFC 7519 section 2): the RFC says integer, and some issuers send fractions. */
const date = z.number().min(0).max(1e12);

/** The members that the RFC defines, each of its type; others are the issuer's own. */
const members = {
  scope: z.union([text, z.array(text)]).optional(),
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

const dates = new Set(['exp', 'iat', 'nbf']);

/** Of a number that is no moment: it was meant to say that there is none (-1, the largest long of Java in seconds). */
const meansNone = (seconds: number): boolean => seconds === -1 || seconds >= Number.MAX_SAFE_INTEGER;

/** A date written otherwise than as a number, where its meaning is plain; all else as it is. Undefined: it says none. */
const plainDate = (value: unknown): unknown => {
  if (typeof value === 'number') return meansNone(value) ? undefined : value;
  if (typeof value !== 'string') return value;
  if (/^-?\d{1,24}$/.test(value)) return plainDate(Number(value));
  const isMoment = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/.test(value);
  const moment = isMoment ? Date.parse(value) : Number.NaN;
  return Number.isNaN(moment) ? value : moment / 1_000;
};

/** Some issuers write null for what they do not say, and dates in other ways than the RFC has them. */
const plainMembers = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const members = Object.entries(value).map(([name, member]) => [name, dates.has(name) ? plainDate(member) : member]);
  return Object.fromEntries(members.filter(([, member]) => member !== null && member !== undefined));
};

/** A reply, or what is wrong with it: `active` is required and a boolean. */
export const introspectionReply = z.preprocess(
  plainMembers,
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
