// What tests with aws-jwt-verify beside ours share: generated values, and its verdict.
import type {Jwks} from 'aws-jwt-verify/jwk';
import fc from 'fast-check';

/** Makes `mostly`: the first value `weight` times of `weight + 1`, else one of the others. */
export const makeMostly =
  (weight: number) =>
  <T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> =>
    fc.oneof({weight, arbitrary: fc.constant(usual)}, {weight: 1, arbitrary: fc.constantFrom(...others)});

/** Whether a verifier of aws-jwt-verify takes the token, by these keys. */
export const isTakenBy = (
  verifier: {cacheJwks(jwks: Jwks): void; verifySync(token: string): unknown},
  jwks: Jwks,
  token: string,
): boolean => {
  verifier.cacheJwks(jwks);
  try {
    verifier.verifySync(token);
    return true;
  } catch {
    return false;
  }
};
