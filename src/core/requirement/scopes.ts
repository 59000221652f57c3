// `scopes`: the token was given them; a refusal names those that are asked for (RFC 6750, section 3.1).
import {holdsList, wantedList} from './list.ts';
import type {Part, Unmet} from './part.ts';

export const scopes: Part<'scopes'> = {
  compile(wanted) {
    const unmet: Unmet = {
      reason: 'missing_scope',
      detail: wantedList('scope', wanted),
      challenge: {scopes: [...(wanted.all ?? []), ...(wanted.any ?? [])]},
    };
    return ({principal}) => (holdsList(wanted, principal.scopes) ? undefined : unmet);
  },
};
