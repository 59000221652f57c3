// Settings of where a credential may stand: header, cookie, query parameter.
import {z} from 'zod';
import {text} from '../config/values.ts';

/** A token of RFC 9110 section 5.6.2: the characters of header and cookie names. */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;

const scheme = z.string().regex(/^[A-Za-z][A-Za-z0-9._+-]{0,30}$/, 'is not a scheme such as Bearer');

const headerSettings = z.strictObject({
  header: z
    .string()
    .regex(token, 'is not a header name')
    .transform((header) => header.toLowerCase())
    .refine((header) => header !== 'cookie', 'is the cookie header: write {cookie: name} instead')
    .describe(
      'Name of the header, in any case. sec-websocket-protocol: the token that a WebSocket offers as a protocol.',
    ),
  scheme: scheme
    .optional()
    .describe(
      'Scheme before the credential, such as Bearer. Without one the whole value is the credential. Of sec-websocket-protocol: the protocol before the token, by default bearer.',
    ),
});
const cookieSettings = z.strictObject({
  cookie: z.string().regex(token, 'is not a cookie name').describe('Name of the cookie; case matters.'),
  scheme: scheme
    .optional()
    .describe('Scheme before the credential: `Bearer x`, `"Bearer x"` or `Bearer%20x`. Default: the whole value.'),
  encoded: z.boolean().optional().describe('true: the value is percent-encoded. Default: false.'),
  pieces: z
    .string()
    .max(128, 'is longer than 128')
    .regex(
      /^(?:[!#$%&'*+.^_`|~0-9A-Za-z-]|\{name\})*\{n(?:\+1)?\}(?:[!#$%&'*+.^_`|~0-9A-Za-z-]|\{name\})*$/,
      "is not how pieces are named: write '{name}.{n}' (from 0), or '{name}-{n+1}' (from 1)",
    )
    .optional()
    .describe(
      "How a long value is spread over cookies: `'{name}.{n}'`, counted from 0, or `'{name}-{n+1}'`, from 1; at most 16.",
    ),
});
const querySettings = z.strictObject({
  query: text.max(128, 'is longer than 128').describe('Name of the query parameter, decoded; case matters.'),
});

/** One place where a credential may stand: `{header, scheme?}`, `{cookie}` or `{query}`. */
export const placeSettings = z.union([headerSettings, cookieSettings, querySettings], {
  error: 'is not a place: write {header: name, scheme: Bearer} (scheme is optional), {cookie: name} or {query: name}',
});
export type PlaceSettings = z.output<typeof placeSettings>;

/** `Authorization: Bearer`, where nothing else is said (RFC 6750 section 2.1). */
const bearer: PlaceSettings = {header: 'authorization', scheme: 'Bearer'};

/** Where credentials may stand, in the order in which the places are looked at. */
export const credentials = z
  .array(placeSettings)
  .min(1, 'is an empty list: name at least one place, or leave the setting out')
  .default([bearer])
  .describe('Where the credential may stand; the first place that holds something counts.');
