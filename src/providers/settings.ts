// The settings of the oidc provider, and the parts that every type of provider shares.
import {z} from 'zod';
import {
  besideMistakes,
  certificates,
  duration,
  filePath,
  httpUrl,
  insecureUrls,
  isInsecureUrl,
  name,
  secret,
  text,
  texts,
} from '../config/values.ts';
import {isTemplate, templateFault} from './issuerTemplate.ts';

export {isInsecureUrl};

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

/** Where a claim is: by its name, or dots walk into objects; a list of keys is taken literally. */
export const claimPath = z.union([text, texts]);
export type ClaimPath = z.output<typeof claimPath>;

/** Where a list is: a claim, or the keys of an object (`{keysOf: 'urn:zitadel:iam:org:project:roles'}`). */
export const listClaim = z.union([
  claimPath,
  z.strictObject({keysOf: claimPath.describe('Claim with an object, whose keys are the list.')}),
]);
export type ListClaim = z.output<typeof listClaim>;

/** Which claims the fields of a principal come from. */
export const claims = z
  .strictObject({
    subject: claimPath
      .optional()
      .describe(
        "Claim with the subject, a string: one that stays the same and is nobody else's, such as `oid` of Entra ID. Default: `sub`.",
      ),
    tenant: claimPath.optional().describe('Claim with the tenant, a string. Default: none.'),
    sessionId: claimPath
      .optional()
      .describe('Claim with the id of the session, by which it can be revoked. Default: `sid`.'),
    tokenId: claimPath
      .optional()
      .describe('Claim with the id of the token, by which it can be revoked. Default: `jti`.'),
    roles: listClaim
      .default('roles')
      .describe('Claim with the roles: a list of strings, or one; or `{keysOf: claim}`.'),
    permissions: listClaim.default('permissions').describe('Claim with the permissions; as roles.'),
    scopes: listClaim
      .default('scope')
      .describe('Claim with the scopes: a list of strings, or one with spaces; or `{keysOf: claim}`.'),
    kind: z
      .union([
        claimPath,
        z.strictObject({
          claim: claimPath.describe('The claim.'),
          service: texts.describe('Its values that mean a service; any other means a user.'),
        }),
      ])
      .optional()
      .describe(
        'Claim that says `user` or `service` (`app`, too), or `{claim, service: [values]}`. Default, and where it is absent: told from what issuers write into tokens of machines.',
      ),
    emailVerified: z
      .enum(['optional', 'required'])
      .optional()
      .describe(
        'An `email` counts if `email_verified` is true (or that text), never if it is anything else. `required`: nor if it is absent. Default: `optional`.',
      ),
  })
  .prefault({})
  .describe(
    'Where in the token the principal is. A name is looked for as it stands, then its dots walk; a list of keys is taken literally.',
  );
export type ClaimSettings = z.output<typeof claims>;

/** How often keys are fetched. */
export const jwks = z
  .strictObject({
    cooldown: duration
      .refine((ms) => ms >= 100, 'is below 100ms: anyone could make Postern flood the issuer with unknown key ids')
      .refine((ms) => ms <= 3_600_000, 'is above 1h: a new key of the issuer could be refused for so long')
      .prefault('30s')
      .describe('An unknown key id leads to one fetch in this time at most.'),
    refresh: duration
      .refine((ms) => ms >= 100, 'is below 100ms: the issuer would be flooded')
      .refine((ms) => ms <= 86_400_000, 'is above 24h: a key that the issuer has taken back would count for so long')
      .prefault('10m')
      .describe('Keys are fetched again in the background this often.'),
    token: secret
      .optional()
      .describe(
        'Sent as `Authorization: Bearer` where keys are given only to who shows a token: `${file:/var/run/secrets/kubernetes.io/serviceaccount/token}`. It is read anew as the file changes, and shown to the origin of `jwksUri`, or of the issuer, alone.',
      ),
  })
  .prefault({})
  .describe('How the issuer is asked for its keys.');
export type JwksSettings = z.output<typeof jwks>;

/** Signature algorithms that exist here. HMAC and `none` do not: a published key must never verify as a secret. */
export const asymmetric = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;
export type Algorithm = (typeof asymmetric)[number];

export const algorithms = z
  .array(z.enum(asymmetric))
  .min(1, 'is an empty list: name at least one algorithm, or leave the setting out')
  .default([...asymmetric])
  .describe('Signature algorithms that are accepted (RFC 7518; EdDSA is Ed25519). Default: all of these.');

export const clockTolerance = duration
  .refine((ms) => ms <= 600_000, 'is above 10m')
  .prefault('5s')
  .describe('How far clocks may differ: applies to exp, nbf and iat.');

export const insecure = z
  .boolean()
  .default(false)
  .describe('Allows http: to other machines. Anyone on the way can then forge keys and read secrets.');

/** The audiences of which a token must name one; `any` says on purpose that none is checked. */
export const audience = z
  .union(
    [
      z.literal('any'),
      z.array(text).min(1, 'is an empty list: name at least one, or write any, which on purpose checks none'),
      text.transform((one): string[] => [one]),
    ],
    {
      error: ({input}) =>
        input === undefined
          ? 'is required; add it: the audiences of which a token must name one (aud), or any, which checks none'
          : undefined,
    },
  )
  .describe('A token must be meant for one of these (aud). `any` on purpose checks none.');

/** Which tenants a provider may speak for; looked at for all types by `withTenants`. */
export const tenants = z
  .union([
    texts,
    z.literal('granted'),
    z.strictObject({
      pattern: text
        .regex(/^[^*]*(\*[^*]+){0,3}\*?$/, 'has more than four *, or two side by side')
        .describe('Names in which `*` is any run of characters.'),
    }),
  ])
  .optional()
  .describe(
    'The tenants that this provider may speak for, a list, `{pattern}`, or `granted` (those that have a live grant in the entitlements, of any plan): a principal of another is `wrong_tenant`, one of none `missing_tenant`. Default: any.',
  );

/** What the settings of every provider begin with. */
export const shared = {
  name: name.describe('Name of the provider: rules, metrics and the upstream see it.'),
  tenants,
  credentials,
} as const;

/** `type: oidc`: JWT access tokens of one issuer. */
export const oidcSettings = z
  .strictObject({
    type: z.literal('oidc').describe('JWT access tokens of one OpenID Connect or OAuth 2 issuer.'),
    ...shared,
    issuer: text
      .refine((value) => !/\s/.test(value), 'has white space, which no issuer has: take it out')
      .describe(
        'The issuer, exactly as tokens name it (iss). With a capture, `https://login.example/{tenant}/v2.0`, a family of issuers: the tenant is taken from it.',
      ),
    audience,
    jwksUri: httpUrl.optional().describe('Where the keys are. Default: what the issuer publishes by discovery.'),
    algorithms,
    clockTolerance,
    tokenType: z
      .enum(['at+jwt', 'id'])
      .optional()
      .describe(
        '`at+jwt` insists on this typ header (RFC 9068). `id` takes id tokens, and only those, on purpose: for what a login proxy hands on; it needs an `audience`. Default: any but that of another kind of token.',
      ),
    clients: texts
      .optional()
      .describe(
        'Accepts only tokens that were issued to one of these clients (azp, client_id, cid, appid): of others it is `wrong_client`.',
      ),
    claims,
    jwks,
    ...certificates,
    insecure,
  })
  .superRefine((settings, context) => {
    const {issuer, jwksUri, insecure: allowed} = settings;
    if (typeof issuer === 'string' && isTemplate(issuer)) {
      const fault = templateFault(issuer, jwksUri);
      if (fault !== undefined) {
        context.addIssue({code: 'custom', path: [fault.path], message: fault.message});
        return;
      }
    }
    if (settings.tokenType === 'id' && settings.audience === 'any') {
      context.addIssue({
        code: 'custom',
        path: ['audience'],
        message:
          'is any, and id tokens are for one client each: name the ids of the clients whose id tokens are accepted',
      });
    }
    // Without a jwksUri the issuer is where discovery starts; with one it is only compared, and may be any string.
    const used = jwksUri === undefined ? (['issuer', issuer] as const) : (['jwksUri', jwksUri] as const);
    if (typeof used[1] !== 'string') return; // told already
    if (jwksUri === undefined && !httpUrl.safeParse(issuer).success) {
      context.addIssue({
        code: 'custom',
        path: ['issuer'],
        message: /^[\w-]+(\.[\w-]+)+(:\d+)?(\/|$)/.test(issuer)
          ? 'is no URL: begin it with https://, if that is how tokens name it (iss), or set jwksUri'
          : 'is not an http: or https: URL, so its keys cannot be discovered: set jwksUri',
      });
    } else if (!allowed && isInsecureUrl(used[1])) {
      context.addIssue({
        code: 'custom',
        path: [used[0]],
        message:
          'is http: to another machine, where anyone on the way can read and forge: use https:, or set insecure: true',
      });
    }
  }, besideMistakes);
export type OidcSettings = z.output<typeof oidcSettings>;

/** `type: introspection`: tokens that only their issuer understands (RFC 7662). */
export const introspectionSettings = z
  .strictObject({
    type: z.literal('introspection').describe('Tokens that their issuer is asked about (RFC 7662).'),
    ...shared,
    endpoint: httpUrl.describe('The introspection endpoint.'),
    clientId: text.describe('How Postern is known there.'),
    clientSecret: secret.describe('What proves it, unless a certificate does.').optional(),
    authentication: z
      .enum(['basic', 'post', 'tls_client_auth'])
      .default('basic')
      .describe(
        'How the two are sent: by HTTP Basic, or in the body (RFC 6749 section 2.3.1). `tls_client_auth`: the id in the body, proven by `clientCertificate` (RFC 8705 section 2).',
      ),
    tokens: z
      .enum(['opaque', 'any'])
      .default('opaque')
      .describe('`opaque`: leaves whatever looks like a JWT to other providers. `any`: asks about those too.'),
    ttl: duration
      .refine((ms) => ms <= 3_600_000, 'is above 1h: a revoked token would be good for so long')
      .prefault('30s')
      .describe('How long a reply counts, at most: so long may a token that was revoked there be accepted here.'),
    timeout: duration
      .refine((ms) => ms > 0 && ms <= 60_000, 'is not between 1ms and 60s')
      .prefault('2s')
      .describe('How long is waited for a reply, repetitions included.'),
    issuer: text.optional().describe('The reply must name exactly this issuer (iss). Default: not checked.'),
    audience: audience
      .default('any')
      .describe('The reply must name one of these (aud). Default: none is checked, for many issuers name none.'),
    clients: texts
      .optional()
      .describe(
        'Accepts only tokens that were issued to one of these clients (client_id, azp, cid, appid): of others it is `wrong_client`.',
      ),
    tokenType: z
      .literal('Bearer')
      .optional()
      .describe(
        'Insists that the reply says token_type Bearer: some issuers call refresh tokens active, and leave it out there.',
      ),
    clockTolerance,
    claims,
    ...certificates,
    insecure,
  })
  .superRefine(insecureUrls('endpoint'), besideMistakes)
  .superRefine(({authentication, clientSecret, clientCertificate}, context) => {
    const issue = (path: string, message: string) => context.addIssue({code: 'custom', path: [path], message});
    if (authentication !== 'tls_client_auth') {
      if (clientSecret === undefined) {
        issue('clientSecret', 'is required; add it, or prove it by `authentication: tls_client_auth`');
      }
      return;
    }
    if (clientCertificate === undefined) {
      issue('clientCertificate', 'is required with tls_client_auth; add it: {cert: client.crt, key: client.key}');
    }
    if (clientSecret !== undefined) {
      issue('clientSecret', 'is not sent with tls_client_auth: take it out, or set authentication to basic or post');
    }
  }, besideMistakes);
export type IntrospectionSettings = z.output<typeof introspectionSettings>;

/** `type: apiKeys`: keys of your own, in a file. */
export const apiKeysSettings = z.strictObject({
  type: z.literal('apiKeys').describe('API keys from a file of hashes (`postern keys new` makes one).'),
  ...shared,
  credentials: credentials
    .unwrap()
    .default([{header: 'x-api-key'}, {header: 'authorization', scheme: 'Basic'}])
    .describe('Where a key may stand. Basic: its id as user name, its secret as password.'),
  file: filePath.describe('The file of hashes, YAML. A change counts within 2 s; a broken one changes nothing.'),
});
export type ApiKeysSettings = z.output<typeof apiKeysSettings>;
