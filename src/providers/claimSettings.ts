// Settings of which claims the fields of a principal come from.
import {z} from 'zod';
import {text, texts} from '../config/values.ts';

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
