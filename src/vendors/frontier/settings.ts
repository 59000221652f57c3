// The settings of Raystack Frontier: its provider, and its entitlements as a source.
import {z} from 'zod';
import {besideMistakes, certificates, duration, httpUrl, insecureUrls, secret, text} from '../../config/values.ts';
import {clockTolerance, insecure, jwks, shared} from '../../providers/settings.ts';

/** AES-256 and the HMAC take keys of 32 bytes; Frontier itself does not start with others. */
const cookieKey = secret.refine((key) => Buffer.byteLength(key) === 32, 'must be exactly 32 characters long');

/** Facts that Frontier alone knows are asked again after this long; longer than an access token lives makes no sense. */
const life = (standard: string, what: string) =>
  duration
    .refine((ms) => ms <= 3_600_000, 'is above 1h, the life of an access token')
    .prefault(standard)
    .describe(what);

const api = z
  .enum(['connect', 'rest'])
  .default('connect')
  .describe('Generation of its API: connect (newer servers, port 8002) or rest (up to v0.90.0).');
const url = httpUrl
  .transform((value) => value.replace(/\/+$/, ''))
  .describe('Where Frontier is, as Postern reaches it: https://frontier.example.');
const clientId = text.describe("A service user's credential id, for what Postern itself asks of Frontier.");
const clientSecret = secret.describe('The secret of that credential.');

/** `type: frontier`: everything that Frontier takes as a credential. */
export const frontierSettings = z
  .strictObject({
    type: z.literal('frontier').describe('Sessions, service users, personal and access tokens of Raystack Frontier.'),
    name: shared.name,
    tenants: shared.tenants,
    url,
    api,
    issuer: text.default('frontier').describe('What its access tokens name as their issuer (iss).'),
    session: z
      .strictObject({
        hashKey: cookieKey.describe('`hash_secret_key` of Frontier: 32 characters.'),
        blockKey: cookieKey.describe('`block_secret_key` of Frontier: 32 characters.'),
      })
      .optional()
      .describe('Keys of the cookie `sid`. Without them that cookie is not looked at.'),
    clientId: clientId.optional(),
    clientSecret: clientSecret.optional(),
    personalTokens: z
      .strictObject({
        prefix: z
          .string()
          .regex(/^[A-Za-z0-9_-]{1,32}$/, 'is not a prefix: use letters, digits, - and _')
          .default('fpt_')
          .describe('What personal access tokens begin with.'),
        subject: z
          .enum(['token', 'owner'])
          .default('token')
          .describe('Whom such a token stands for: itself (it may do less than its owner), or its owner.'),
      })
      .prefault({})
      .describe('Personal access tokens.'),
    tenant: z
      .enum(['organization', 'project', 'none'])
      .default('organization')
      .describe(
        'The tenant: the organisation, if the token names exactly one; or the project that `x-project` selected.',
      ),
    ttl: z
      .strictObject({
        session: life('10s', 'How long a session that was live counts as live.'),
        secret: life('1m', 'How long a secret, assertion or personal token that was good counts as good.'),
        refused: life('5s', 'How long a credential that was refused counts as refused.'),
        relation: life('5s', 'How long an answer to a `relation` requirement counts.'),
      })
      .prefault({})
      .describe('How late Postern may notice a change at Frontier.'),
    clockTolerance,
    jwks,
    ...certificates,
    insecure,
  })
  .superRefine(insecureUrls('url'), besideMistakes)
  .superRefine(({clientId: id, clientSecret: given}, context) => {
    if ((id === undefined) === (given === undefined)) return;
    const [has, lacks] = id === undefined ? ['clientSecret', 'clientId'] : ['clientId', 'clientSecret'];
    context.addIssue({code: 'custom', path: [has], message: `needs ${lacks} beside it`});
  });
export type FrontierSettings = z.output<typeof frontierSettings>;

/** `type: frontier` of `entitlements.source`: asks whether the organisation's plan has the feature. */
export const frontierSource = z
  .strictObject({
    type: z
      .literal('frontier')
      .describe('Raystack Frontier: is asked for one organisation (the tenant) and feature at a time.'),
    url,
    api,
    clientId,
    clientSecret,
    ...certificates,
    insecure,
  })
  .superRefine(insecureUrls('url'), besideMistakes);
export type FrontierSourceSettings = z.output<typeof frontierSource>;
