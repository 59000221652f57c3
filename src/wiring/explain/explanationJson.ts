// An explanation for programs: `postern explain --json`, and the admin pages that explain.
import type {Principal} from '../../core/principal.ts';
import type {Answered} from '../offline/offline.ts';
import {answerShown} from './answerShown.ts';
import type {Explanation} from './explanation.ts';

/** Claims and cookies stay out of it; places are named by their labels. */
export const explanationJson = ({decision, provider, ...steps}: Explanation, answer: Answered['answer']): object => {
  // What is held stands in `held`, in a form that JSON has words for.
  const {holdings: _held, ...plain} = decision as typeof decision & {holdings?: unknown};
  const {outage, credentialPlace, principal, setCookies: _, ...rest} = plain;
  const withheld = decision.outcome === 'allow' ? decision.withheld : undefined;
  return {
    ...steps,
    ...(provider && {provider: {...provider, principal: provider.principal && withoutClaims(provider.principal)}}),
    decision: {
      ...rest,
      ...(principal && {principal: withoutClaims(principal)}),
      ...(credentialPlace && {credentialPlace: credentialPlace.label}),
      ...(withheld && {withheld: withheld.map(({label}) => label)}),
      ...(outage && {outage: outage.message}),
    },
    answer: answerShown(answer),
  };
};

const withoutClaims = ({claims: _, ...principal}: Principal) => principal;
