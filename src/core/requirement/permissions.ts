// `permissions`: the principal holds them, compared as they stand.
import {holdsList, wantedList} from './list.ts';
import type {Part, Unmet} from './part.ts';

export const permissions: Part<'permissions'> = {
  compile(wanted) {
    const unmet: Unmet = {reason: 'missing_permission', detail: wantedList('permission', wanted)};
    return ({principal}) => (holdsList(wanted, principal.permissions) ? undefined : unmet);
  },
};
