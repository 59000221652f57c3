// The settings of `type: oidc`.
import {z} from 'zod';
import {besideMistakes, certificates, httpUrl, text, texts} from '../config/values.ts';
import {isInsecureUrl} from '../core/insecureUrl.ts';
import {claims} from './claimSettings.ts';
import {isTemplate, templateFault} from './issuerTemplate.ts';
import {algorithms, audience, clockTolerance, insecure, jwks, shared} from './settings.ts';

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
