// The settings that several types of provider, and vendors, have in common.
import {z} from 'zod';
import {duration, name, secret, text, texts} from '../config/values.ts';
import {credentials} from './placeSettings.ts';

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
