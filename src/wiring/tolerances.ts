// The revocations that the checks of one configuration ask: each provider lets `iat` be ahead by its own tolerance.
import type {Settings} from '../config/schema.ts';
import type {Principal} from '../core/principal.ts';
import type {Revocations} from '../core/revocation/revocation.ts';

interface TolerantRevocations {
  /** `tolerance` in seconds. */
  revoked(principal: Principal, tolerance: number): boolean;
}

export const withTolerances = ({providers}: Pick<Settings, 'providers'>, known: TolerantRevocations): Revocations => {
  const tolerances = new Map(
    providers.map((provider) => [
      provider.name,
      'clockTolerance' in provider ? Math.ceil(provider.clockTolerance / 1_000) : 0,
    ]),
  );
  return {revoked: (principal) => known.revoked(principal, tolerances.get(principal.provider) ?? 0)};
};
