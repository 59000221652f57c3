// `stepUp`: a strong or recent sign-in (RFC 9470).
import type {Challenge} from '../decision.ts';
import type {Principal} from '../principal.ts';
import type {StepUp} from '../rule/rules.ts';
import {distance, shownList, wantedGot} from '../words/misfit.ts';
import type {Part, Unmet} from './part.ts';

/** How far an issuer's clock may be ahead of ours, milliseconds. */
const clockSkew = 60_000;

export const stepUp: Part<'stepUp'> = {
  compile(wanted) {
    const challenge = challengeOf(wanted);
    return ({principal, now}): Unmet | undefined =>
      steppedUp(wanted, principal, now)
        ? undefined
        : {reason: 'step_up_required', challenge, detail: detailOf(wanted, principal, now)};
  },
  got: {
    of: ({principal: {authTime, acr, amr}, now}) => ({
      ...(authTime !== undefined && {age: Math.round(now / 1_000) - authTime}),
      ...(acr !== undefined && {acr}),
      amr,
    }),
    told: 'everywhere',
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

/** What a sign-in would have to be, beside what it was. */
const detailOf = ({maxAge, acr, amr}: StepUp, principal: Principal, now: number): string =>
  [
    ...(maxAge === undefined
      ? []
      : [`auth_time: wanted ${maxAge / 1_000} s ago at most, got ${distance(principal.authTime, now)}`]),
    ...(acr === undefined ? [] : [wantedGot('acr', shownList(acr), principal.acr)]),
    ...(amr === undefined ? [] : [wantedGot('amr', amr.map(shownList).join(' and one of '), principal.amr)]),
  ].join('; ');

const challengeOf = ({maxAge, acr}: StepUp): Challenge => ({
  ...(maxAge === undefined ? {} : {maxAge: Math.floor(maxAge / 1_000)}),
  ...(acr === undefined ? {} : {acrValues: acr}),
});
