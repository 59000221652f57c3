// What is fuzzed: a line each.
import type {Target} from './target.ts';
import {admin} from './targets/admin.ts';
import {authority} from './targets/authority.ts';
import {checkRequest} from './targets/checkRequest.ts';
import {condition, conditionClaims} from './targets/conditions.ts';
import {authorization, cookies, query} from './targets/credentials.ts';
import {configuration, entitlements, keyFile} from './targets/files.ts';
import {jwks} from './targets/jwks.ts';
import {jwt} from './targets/jwt.ts';
import {path} from './targets/path.ts';
import {entitlementRecord, revocationMember, sealedContent, snapshotPieces} from './targets/redisContent.ts';
import {
  authgearReplies,
  fronteggReplies,
  frontierReplies,
  introspectionReplies,
  kindeReplies,
} from './targets/replies.ts';

export const targets: readonly Target[] = [
  checkRequest,
  authority,
  path,
  cookies,
  query,
  authorization,
  jwt,
  jwks,
  introspectionReplies,
  kindeReplies,
  fronteggReplies,
  frontierReplies,
  authgearReplies,
  sealedContent,
  revocationMember,
  snapshotPieces,
  entitlementRecord,
  condition,
  conditionClaims,
  configuration,
  entitlements,
  keyFile,
  admin,
];
