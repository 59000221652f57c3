// `tenant`: the principal's tenant is this one, or the one that the path names.
import type {Part} from './part.ts';
import {filledIn} from './template.ts';

export const tenant: Part<'tenant'> = {
  compile:
    (wanted) =>
    ({principal, captures}) => {
      if (principal.tenant === undefined) return {reason: 'missing_tenant'};
      return principal.tenant === filledIn(wanted, captures) ? undefined : {reason: 'wrong_tenant'};
    },
};
