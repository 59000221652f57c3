// Does a caller hold a token of ours?
import {createHash, timingSafeEqual} from 'node:crypto';

const digest = (text: string) => createHash('sha256').update(text).digest();

/** Tells whether an Authorization header holds one of the tokens of now. Undefined: there is none. */
export type BearerCheck = () => ((authorization: string | undefined) => boolean) | undefined;

/**
 * `Bearer <token>`. Hashes are compared, in constant time: neither the length nor a common beginning shows in the time
 * taken. `tokensNow`: those of the settings, which a reload may change.
 */
export const makeBearerCheck = (tokensNow: () => readonly string[] | undefined): BearerCheck => {
  let of: readonly string[] | undefined;
  let wanted: readonly Buffer[] = [];
  const holds = (authorization: string | undefined): boolean => {
    const [, presented] = /^bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
    if (presented === undefined) return false;
    const shown = digest(presented);
    return wanted.some((one) => timingSafeEqual(shown, one));
  };
  return () => {
    const tokens = tokensNow();
    if (tokens === undefined) return undefined;
    if (tokens !== of) [of, wanted] = [tokens, tokens.map(digest)];
    return holds;
  };
};
