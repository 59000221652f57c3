// `permissions`: the principal holds them, compared as they stand.
import {gotList, holdsList, wantedList} from './list.ts';
import type {Part} from './part.ts';

export const permissions: Part<'permissions'> = {
  compile(wanted) {
    const words = wantedList('permission', wanted);
    return ({principal}) =>
      holdsList(wanted, principal.permissions)
        ? undefined
        : {reason: 'missing_permission', detail: `${words}, ${gotList(wanted, principal, 'permissions')}`};
  },
  got: {of: ({principal}) => principal.permissions, told: 'explained'},
};
