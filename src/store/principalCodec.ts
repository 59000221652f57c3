// A verified principal in Redis. Only behind a seal: whoever could write one there could be anyone.
import {z} from 'zod';
import type {Principal} from '../core/principal.ts';
import type {Codec} from './redisCache.ts';

const texts = z.array(z.string());

const shape: z.ZodType<Principal> = z.strictObject({
  provider: z.string().min(1),
  kind: z.enum(['user', 'service']),
  subject: z.string().min(1),
  tenant: z.string().exactOptional(),
  roles: texts,
  permissions: texts,
  scopes: texts,
  claims: z.record(z.string(), z.unknown()),
  email: z.string().exactOptional(),
  sessionId: z.string().exactOptional(),
  tokenId: z.string().exactOptional(),
  issuedAt: z.number().exactOptional(),
  expiresAt: z.number().exactOptional(),
  authTime: z.number().exactOptional(),
  acr: z.string().exactOptional(),
  amr: texts,
});

/**
 * For `makeRedisCache`, and only with `redis.sealKey`. What has not exactly the fields of a principal (one that a newer
 * or older instance wrote, for instance) is a miss.
 */
export const principalCodec: Codec<Principal> = {
  encode: (principal) => principal,
  decode: (json) => shape.safeParse(json).data,
};
