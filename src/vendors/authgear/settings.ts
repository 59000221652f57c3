// The settings of Authgear.
import {z} from 'zod';
import {
  besideMistakes,
  certificates,
  duration,
  httpUrl,
  insecureUrls,
  name,
  origin,
  texts,
} from '../../config/values.ts';
import {claimPath} from '../../providers/claimSettings.ts';
import {clockTolerance, insecure, jwks, tenants} from '../../providers/settings.ts';

const resolver = z
  .strictObject({
    url: httpUrl.optional().describe('Where it is asked. Default: `/_resolver/resolve` of the endpoint.'),
    ttl: duration
      .refine((ms) => ms <= 600_000, 'is above 10m: so long would a session that has ended still work')
      .prefault('10s')
      .describe('How long a valid session is not asked about again. 0s: asked each time.'),
    insecure,
  })
  .superRefine(insecureUrls('url'), besideMistakes)
  .prefault({})
  .describe('The resolver, for the modes resolver and both.');

/** `type: authgear`: access tokens, and sessions behind cookies or opaque tokens. */
export const authgearSettings = z
  .strictObject({
    type: z.literal('authgear').describe('Access tokens and sessions of an Authgear project.'),
    name: name.describe('Name of the provider: rules, metrics and the upstream see it.'),
    tenants,
    endpoint: origin.describe('The public endpoint of the project: `https://id.acme.example`.'),
    mode: z
      .enum(['jwt', 'resolver', 'both'])
      .default('jwt')
      .describe('`jwt`: tokens are verified here. `resolver`: Authgear is asked. `both`: asked about all but JWTs.'),
    audience: texts
      .optional()
      .describe(
        'Who a JWT must be meant for, instead of the endpoint: resources of machine tokens, and the endpoint for users.',
      ),
    cookiePrefix: z
      .string()
      .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{0,100}$/, 'is no beginning of a cookie name')
      .default('')
      .describe('What the names of the session cookies begin with (`http.cookie_prefix`).'),
    resolver,
    claims: z
      .strictObject({
        tenant: claimPath.optional().describe('Claim of a JWT with the tenant, a string.'),
        permissions: claimPath.optional().describe('Claim of a JWT with permissions, a list of strings.'),
      })
      .prefault({})
      .describe('Fields that hooks add to the JWT; roles, user flags and scopes are read where Authgear puts them.'),
    clockTolerance,
    jwks,
    ...certificates,
    insecure,
  })
  .superRefine(insecureUrls('endpoint'), besideMistakes);
export type AuthgearSettings = z.output<typeof authgearSettings>;
