// The settings of Amazon Cognito: which user pool, and which of its app clients.
import {z} from 'zod';
import {besideMistakes, certificates, insecureUrls, origin, text, texts} from '../../config/values.ts';
import {claimPath} from '../../providers/claimSettings.ts';
import {clockTolerance, insecure, jwks, shared} from '../../providers/settings.ts';

const poolForm = /^[a-z]{2,4}(-[a-z]+)+-\d_[A-Za-z0-9]{1,55}$/;

/** `type: cognito`: access tokens of users and machines. */
export const cognitoSettings = z
  .strictObject({
    type: z.literal('cognito').describe('Access tokens of users and machines of an Amazon Cognito user pool.'),
    ...shared,
    userPoolId: text
      .regex(poolForm, 'is not a user pool id: write it as Cognito shows it, such as eu-west-1_AbCdEf123')
      .describe('The user pool, such as `eu-west-1_AbCdEf123`; its region is the part before `_`.'),
    clients: z
      .union([z.literal('any'), texts])
      .describe('Ids of the app clients whose tokens are accepted (client_id). `any` on purpose: of all in the pool.'),
    audience: texts
      .optional()
      .describe('Resources, one of which a token must be bound to (aud). Default: it must be bound to none.'),
    issuer: z
      .enum(['original', 'updated'])
      .default('original')
      .describe('Which OIDC issuer the pool is set to: `original` (cognito-idp) or `updated` (issuer-cognito-idp).'),
    endpoint: origin
      .optional()
      .describe(
        'Where the keys are fetched, if not from the issuer: a private endpoint. Tokens name AWS all the same.',
      ),
    claims: z
      .strictObject({
        tenant: claimPath.optional().describe('Claim with the tenant, a string. Default: none.'),
        permissions: claimPath.default('permissions').describe('Claim with permissions, a list of strings.'),
      })
      .prefault({})
      .describe('Claims that a pre token generation trigger adds; groups and scopes are read where Cognito puts them.'),
    clockTolerance,
    jwks,
    ...certificates,
    insecure,
  })
  .superRefine(insecureUrls('endpoint'), besideMistakes);
export type CognitoSettings = z.output<typeof cognitoSettings>;
