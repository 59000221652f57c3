// The settings of `type: introspection`.
import {z} from 'zod';
import {besideMistakes, certificates, duration, httpUrl, insecureUrls, secret, text, texts} from '../config/values.ts';
import {claims} from './claimSettings.ts';
import {audience, clockTolerance, insecure, shared} from './settings.ts';

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
