// `scopes`: the token was given them; a refusal names those that are asked for (RFC 6750, section 3.1).
import {gotList, holdsList, wantedList} from './list.ts';
import type {Part} from './part.ts';

export const scopes: Part<'scopes'> = {
  compile(wanted) {
    const words = wantedList('scope', wanted);
    const challenge = {scopes: [...(wanted.all ?? []), ...(wanted.any ?? [])]};
    return ({principal}) =>
      holdsList(wanted, principal.scopes)
        ? undefined
        : {reason: 'missing_scope', detail: `${words}, ${gotList(wanted, principal, 'scopes')}`, challenge};
  },
  got: {of: ({principal}) => principal.scopes, told: 'explained'},
};
