// `permissions`: the principal holds them, compared as they stand.
import {holdsList} from './list.ts';
import type {Part} from './part.ts';

export const permissions: Part<'permissions'> = {
  compile:
    (wanted) =>
    ({principal}) =>
      holdsList(wanted, principal.permissions) ? undefined : {reason: 'missing_permission'},
};
