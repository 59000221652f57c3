// `roles`: the principal holds them, compared as they stand.
import {gotList, holdsList, wantedList} from './list.ts';
import type {Part} from './part.ts';

export const roles: Part<'roles'> = {
  compile(wanted) {
    const words = wantedList('role', wanted);
    return ({principal}) =>
      holdsList(wanted, principal.roles)
        ? undefined
        : {reason: 'missing_role', detail: `${words}, ${gotList(wanted, principal, 'roles')}`};
  },
  got: {of: ({principal}) => principal.roles, told: 'explained'},
};
