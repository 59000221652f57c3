// The settings of Kinde: the provider, and the entitlement source.
import {z} from 'zod';
import {
  besideMistakes,
  certificates,
  duration,
  httpUrl,
  insecureUrls,
  origin,
  secret,
  text,
  texts,
} from '../../config/values.ts';
import {audience, clockTolerance, insecure, jwks, shared} from '../../providers/settings.ts';

const domain = origin.describe('Where Kinde answers, which is the issuer of its tokens: `https://acme.kinde.com`.');

const apiKeys = z
  .strictObject({
    clientId: text.describe('Client id of a machine-to-machine application with the scope read:api_keys.'),
    clientSecret: secret.describe('Its client secret.'),
    managementDomain: origin
      .optional()
      .describe('Where the management API answers, if `domain` is your own: `https://acme.kinde.com`.'),
    apis: texts
      .optional()
      .describe(
        'Ids of APIs (Settings > APIs in Kinde): a key must be for one of these, which Kinde is asked in a second call. Default: keys for any API of the business are accepted.',
      ),
    ttl: duration
      .refine((ms) => ms <= 3_600_000, 'is above 1h: so long would a revoked key still work')
      .prefault('5m')
      .describe('How long a key that was valid and active is not asked about again. 0s: asked each time.'),
  })
  .superRefine(insecureUrls('managementDomain'), besideMistakes)
  .describe('Accepts API keys (`k_live_...`), which Kinde is asked about. Absent: they are not accepted.');

/** `type: kinde`: access tokens of users and machines, and API keys. */
export const kindeSettings = z
  .strictObject({
    type: z.literal('kinde').describe('Access tokens of users and machines, and API keys, of a Kinde business.'),
    ...shared,
    domain,
    audience,
    jwksUri: httpUrl.optional().describe('Where the keys are. Default: what Kinde publishes by discovery.'),
    apiKeys: apiKeys.optional(),
    clockTolerance,
    jwks,
    ...certificates,
    insecure,
  })
  .superRefine(insecureUrls('domain', 'jwksUri'), besideMistakes);
export type KindeSettings = z.output<typeof kindeSettings>;
export type KindeApiKeySettings = z.output<typeof apiKeys>;

/** `type: kinde` under entitlements.source. */
export const kindeSourceSettings = z
  .strictObject({
    type: z
      .literal('kinde')
      .describe("Kinde's feature flags, from the token, and what was bought, from its account API."),
    domain,
    from: z
      .array(z.enum(['flags', 'billing']))
      .min(1, 'is an empty list: name flags, billing or both')
      .default(['flags', 'billing'])
      .describe(
        '`flags`: boolean flags that are true in the token, and how much its numbers and texts say. `billing`: entitlements of the plan.',
      ),
    ...certificates,
    insecure,
  })
  .superRefine(insecureUrls('domain'), besideMistakes);
export type KindeSourceSettings = z.output<typeof kindeSourceSettings>;
