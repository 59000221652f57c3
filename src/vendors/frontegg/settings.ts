// The settings of Frontegg: the provider, and the entitlement source.
import {z} from 'zod';
import {besideMistakes, certificates, duration, httpUrl, insecureUrls, secret, text} from '../../config/values.ts';
import {audience, clockTolerance, insecure, jwks, shared} from '../../providers/settings.ts';

/** Where each region answers (Frontegg's documentation; the SDK knows the first only). */
const regions = {
  eu: 'https://api.frontegg.com',
  us: 'https://api.us.frontegg.com',
  ca: 'https://api.ca.frontegg.com',
  au: 'https://api.au.frontegg.com',
  uk: 'https://api.uk.frontegg.com',
} as const;

/** Without a slash at the end, and spelt in the one way, so that two spellings of it are one account. */
const address = httpUrl
  .refine(
    (text) => !/[?#]/.test(text),
    'has a query or fragment: take it out, and leave the address alone, such as https://acme.frontegg.com',
  )
  .transform((text) => {
    const {origin, pathname} = new URL(text);
    return origin + pathname.replace(/\/+$/, '');
  });

/** Says which account of Frontegg, and where it answers. The same for the provider and the entitlement source. */
const account = {
  region: z.enum(['eu', 'us', 'ca', 'au', 'uk']).default('eu').describe('Region of the Frontegg account.'),
  baseUrl: address
    .nullable()
    .default(null)
    .describe('Where Frontegg answers, instead of the region: `https://acme.frontegg.com`, or a gateway of yours.'),
  clientId: text.describe('Client id of the environment (FRONTEGG_CLIENT_ID).'),
  apiKey: secret.describe('API key of the environment (FRONTEGG_API_KEY).'),
  vendorHost: z
    .string()
    .regex(/^[A-Za-z0-9.-]{1,253}$/, 'is not a host name such as acme.frontegg.com')
    .nullable()
    .default(null)
    .describe('Sent as `frontegg-vendor-host` with every call: the own host of the environment.'),
  ...certificates,
  insecure,
} as const;

/** The settings that say whom to call, as code has them. */
export interface AccountSettings {
  readonly region: keyof typeof regions;
  readonly baseUrl: string | null;
  readonly clientId: string;
  readonly apiKey: string;
  readonly vendorHost: string | null;
}

/** Where the account answers, without a slash at the end. */
export const baseOf = ({baseUrl, region}: Pick<AccountSettings, 'baseUrl' | 'region'>): string =>
  baseUrl ?? regions[region];

/**
 * Whether a base answers for all of Frontegg's customers: at frontegg.com whatever is not one `<name>.frontegg.com`, so
 * the gateways of the regions and those still to come. A domain of the customer's own leads to one environment; a gateway
 * of the customer's own may lead to either, which the configuration is warned of (traits.ts).
 */
export const isSharedGateway = (base: string): boolean => {
  const host = new URL(base).hostname;
  return isFronteggs(host) && !/^(?!api\b)[a-z0-9-]+\.frontegg\.com\.?$/.test(host);
};

export const isFronteggs = (host: string): boolean => /(^|\.)frontegg\.com\.?$/.test(host);

const sessionCookie = z
  .strictObject({
    password: secret
      .min(32, 'is shorter than 32 characters, which iron-session refuses')
      .describe('What frontegg-nextjs seals the cookie with (FRONTEGG_ENCRYPTION_PASSWORD).'),
    name: z
      .string()
      .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/, 'is not a cookie name')
      .optional()
      .describe('Name of the cookie. Default: `fe_session-` and the client id without dashes.'),
  })
  .describe('Accepts the session cookie of frontegg-nextjs, whole or in chunks.');

const audits = z
  .strictObject({
    severity: z.enum(['Info', 'Medium', 'High', 'Critical', 'Error']).default('Medium').describe('Of each event.'),
    queue: z.int().min(1).max(100_000).default(1_000).describe('How many may wait; more are dropped and counted.'),
  })
  .describe('Tells the audit log of Frontegg of every refusal of a verified caller.');

/** `type: frontegg`: everything that Frontegg issues. */
export const fronteggSettings = z
  .strictObject({
    type: z.literal('frontegg').describe('Users, API tokens and access tokens of a Frontegg environment.'),
    ...shared,
    ...account,
    issuer: text
      .nullable()
      .default(null)
      .describe(
        'Insists on this issuer (iss), such as `https://acme.frontegg.com`. Without issuer and audience, the public key set is believed at `https://<name>.frontegg.com` alone; anywhere else the key is asked for with the API key.',
      ),
    audience: audience
      .nullable()
      .default(null)
      .describe(
        'Insists on one of these audiences (aud), such as the client id or the ids of applications; `any` checks none.',
      ),
    accessTokens: z
      .strictObject({
        ttl: duration
          .refine((ms) => ms <= 3_600_000, 'is above 1h: so long would a revoked token still work')
          .prefault('10s')
          .describe(
            'How long the list of active tokens and the rights of each are used before they are asked for again.',
          ),
      })
      .prefault({})
      .describe('Machine-to-machine access tokens, which come in x-api-key.'),
    sessionCookie: sessionCookie.optional(),
    audits: audits.optional(),
    clockTolerance,
    jwks,
  })
  .superRefine(insecureUrls('baseUrl'), besideMistakes);
export type FronteggSettings = z.output<typeof fronteggSettings>;
export type AuditSettings = z.output<typeof audits>;
export type SessionCookieSettings = z.output<typeof sessionCookie>;

/** `type: frontegg` under entitlements.source. */
export const fronteggSourceSettings = z
  .strictObject({
    type: z.literal('frontegg').describe('Features, plans, grants and flags as Frontegg keeps them.'),
    ...account,
    timeout: duration.prefault('10s').describe('What one fetch may take.'),
    maxBytes: z
      .int()
      .min(1_024)
      .max(1_073_741_824)
      .prefault(268_435_456)
      .describe('Largest answer that is read, in bytes.'),
  })
  .superRefine(insecureUrls('baseUrl'), besideMistakes);
export type FronteggSourceSettings = z.output<typeof fronteggSourceSettings>;
