// `stepUp`: a strong or recent sign-in (RFC 9470).
import type {Challenge} from '../decision.ts';
import type {Principal} from '../principal.ts';
import type {StepUp} from '../rules.ts';
import type {Part, Unmet} from './part.ts';

/** How far an issuer's clock may be ahead of ours, milliseconds. */
const clockSkew = 60_000;

export const stepUp: Part<'stepUp'> = {
  compile(wanted) {
    const unmet: Unmet = {reason: 'step_up_required', challenge: challengeOf(wanted)};
    return ({principal, now}) => (steppedUp(wanted, principal, now) ? undefined : unmet);
  },
};

/** A principal that says nothing of when or how it signed in has not stepped up. */
const steppedUp = ({maxAge, acr, amr}: StepUp, principal: Principal, now: number): boolean => {
  if (maxAge !== undefined && !isRecent(principal.authTime, maxAge, now)) return false;
  if (acr !== undefined && (principal.acr === undefined || !acr.includes(principal.acr))) return false;
  return amr === undefined || amr.every((oneOf) => oneOf.some((method) => principal.amr.includes(method)));
};

/** A time in the future is no sign-in: an issuer that counts milliseconds would have one that never grows old. */
const isRecent = (authTime: number | undefined, maxAge: number, now: number): boolean => {
  const age = now - (authTime ?? 0) * 1_000;
  return age >= -clockSkew && age <= maxAge;
};

const challengeOf = ({maxAge, acr}: StepUp): Challenge => ({
  ...(maxAge === undefined ? {} : {maxAge: Math.floor(maxAge / 1_000)}),
  ...(acr === undefined ? {} : {acrValues: acr}),
});
