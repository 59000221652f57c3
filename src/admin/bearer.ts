// Does a caller of a guarded page hold the admin token?
import {createHash, timingSafeEqual} from 'node:crypto';

const digest = (text: string) => createHash('sha256').update(text).digest();

/**
 * Tells whether an Authorization header is `Bearer <token>`. Hashes are compared, in constant time: neither the length
 * nor a common beginning shows in the time taken.
 */
export const makeBearerCheck = (token: string): ((authorization: string | undefined) => boolean) => {
  const wanted = digest(token);
  return (authorization) => {
    const [, presented] = /^bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
    return presented !== undefined && timingSafeEqual(digest(presented), wanted);
  };
};
