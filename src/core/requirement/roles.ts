// `roles`: the principal holds them, compared as they stand.
import {holdsList} from './list.ts';
import type {Part} from './part.ts';

export const roles: Part<'roles'> = {
  compile:
    (wanted) =>
    ({principal}) =>
      holdsList(wanted, principal.roles) ? undefined : {reason: 'missing_role'},
};
