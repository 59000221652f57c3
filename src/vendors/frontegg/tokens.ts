// The five types of token that Frontegg issues: where each may stand, and whom it stands for.

import type {Principal} from '../../core/principal.ts';
import {shapeOf, shownList, shownValue} from '../../core/words/misfit.ts';
import {makeReadPrincipal, stringsOf, textOf} from '../../providers/claims.ts';
import type {Claims} from '../../providers/jwtForm.ts';

/** What is told apart by where it stands: tokens of people and API tokens, or machine-to-machine access tokens. */
export type Family = 'jwt' | 'accessToken';

interface TokenType {
  readonly family: Family;
  readonly kind: Principal['kind'];
  /** The claim with whom it stands for. */
  readonly subject: string;
}

/** By the claim `type`. `vendorToken` and whatever else there is opens nothing here. */
const types = new Map<unknown, TokenType>([
  ['userToken', {family: 'jwt', kind: 'user', subject: 'sub'}],
  ['userApiToken', {family: 'jwt', kind: 'user', subject: 'createdByUserId'}],
  ['tenantApiToken', {family: 'jwt', kind: 'service', subject: 'sub'}],
  ['userAccessToken', {family: 'accessToken', kind: 'user', subject: 'userId'}],
  ['tenantAccessToken', {family: 'accessToken', kind: 'service', subject: 'sub'}],
]);

/** Why claims are not those of a token of this family, in words; undefined: they are. */
export const otherFamily = (claims: Claims, family: Family): string | undefined => {
  if (types.get(claims.type)?.family === family) return undefined;
  const wanted = [...types].flatMap(([name, type]) => (type.family === family ? [`${name}`] : []));
  const place = family === 'jwt' ? 'here' : 'in x-api-key';
  return `type: wanted ${shownList(wanted)} ${place}, got ${shownValue(claims.type)}`;
};

/** Which claim with the subject is missing. */
export const missingDetail = (claims: Claims): string => {
  const subject = types.get(claims.type)?.subject ?? 'sub';
  const missing = textOf(claims[subject]) === undefined ? subject : 'sub';
  return `${missing}: wanted a text, got ${shapeOf(claims[missing])}`;
};

/** Which list of active tokens an access token must be in. */
export const holderOf = ({claims}: Principal): 'users' | 'tenants' =>
  claims.type === 'userAccessToken' ? 'users' : 'tenants';

/** Do unverified claims look like Frontegg's? Without an issuer to go by, this tells its tokens from others'. */
export const looksLikeFrontegg = (claims: Claims): boolean =>
  typeof claims.type === 'string' || typeof claims.tenantId === 'string';

/**
 * Compiles the way from verified claims to a principal; undefined if the claim with the subject is missing. A token that
 * is not a sign-in has an id of its own in `sub`, which becomes the token's id, so that it can be revoked by it.
 */
export const makeReadFrontegg = (provider: string): ((claims: Claims) => Principal | undefined) => {
  const read = makeReadPrincipal(
    provider,
    {
      tenant: 'tenantId',
      roles: 'roles',
      permissions: 'permissions',
      scopes: 'scope',
    },
    stringsOf,
  );
  return (claims) => {
    const type = types.get(claims.type);
    const subject = type === undefined ? undefined : textOf(claims[type.subject]);
    const plain = read(claims);
    if (type === undefined || subject === undefined || plain === undefined) return undefined;
    const tokenId = plain.tokenId ?? (claims.type === 'userToken' ? undefined : textOf(claims.sub));
    const statedEmail = textOf(claims.email);
    const principal = {
      ...plain,
      kind: type.kind,
      subject,
      // Frontegg documents `*` in permissions, and its SDK's engine goes by it.
      permissionPatterns: true as const,
      ...(tokenId !== undefined && {tokenId}),
      // Frontegg's own targeting looks at the address whether or not it is verified (`frontegg.emailVerified` tells).
      ...(statedEmail !== undefined && {statedEmail}),
    };
    if (type.family === 'jwt') return principal;
    // What an access token may do Frontegg says, and nobody signed in for it: it can never have stepped up.
    const {authTime: _, acr: __, ...rest} = principal;
    return {...rest, roles: [], permissions: [], amr: []};
  };
};
