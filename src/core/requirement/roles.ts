// `roles`: the principal holds them, compared as they stand.
import {holdsList, wantedList} from './list.ts';
import type {Part, Unmet} from './part.ts';

export const roles: Part<'roles'> = {
  compile(wanted) {
    const unmet: Unmet = {reason: 'missing_role', detail: wantedList('role', wanted)};
    return ({principal}) => (holdsList(wanted, principal.roles) ? undefined : unmet);
  },
};
