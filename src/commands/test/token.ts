// Claims as a token: what their issuer usually says besides, signed with a key that exists for this run alone.
import type {Offline} from '../../wiring/offline/offline.ts';
import {CommandError} from '../settings.ts';

type Claims = Readonly<Record<string, unknown>>;

/** The provider that is named, else that of the issuer in the claims, else the first that takes JWTs. */
export const signerOf = (offline: Offline, claims: Claims, named: string | undefined): string => {
  const takers = offline.providers.map(({name}) => name).filter((name) => offline.usual(name) !== undefined);
  const byIssuer = takers.find((name) => offline.usual(name)?.iss === claims.iss);
  const provider = named ?? byIssuer ?? takers[0];
  if (provider !== undefined && takers.includes(provider)) return provider;
  throw new CommandError(
    named === undefined
      ? 'no provider takes JWTs, so claims cannot be tried; give principals instead'
      : `the provider "${named}" is none that takes JWTs; those are ${takers.join(', ') || 'none'}`,
  );
};

/** `claims` stand before what is usual; null takes a claim out, `now-60` and `now+60` are times. `now` in milliseconds. */
export const tokenWith = (
  offline: Offline,
  claims: Claims,
  named: string | undefined,
  now: number,
  header: object = {},
): string => {
  const provider = signerOf(offline, claims, named);
  const seconds = Math.floor(now / 1_000);
  const whole: Record<string, unknown> = {...offline.usual(provider), sub: 'someone', iat: seconds, exp: seconds + 600};
  for (const [claim, value] of Object.entries(claims)) {
    if (value === null) delete whole[claim];
    else whole[claim] = momentOf(value, seconds);
  }
  return offline.sign(provider, whole, header);
};

/** `now-60`, `now+60`: seconds since the epoch. */
const momentOf = (value: unknown, seconds: number): unknown => {
  const [, sign, difference] = (typeof value === 'string' && /^now([+-])(\d+)$/.exec(value)) || [];
  return sign === undefined ? value : seconds + Number(`${sign}${difference}`);
};
