// `tenant`: the principal's tenant is this one, or the one that the path names.
import {shownValue, tenantMisfit} from '../words/misfit.ts';
import type {Part} from './part.ts';
import {filledIn} from './template.ts';

export const tenant: Part<'tenant'> = {
  compile:
    (wanted) =>
    ({principal, captures}) => {
      const filled = filledIn(wanted, captures);
      if (principal.tenant !== undefined && principal.tenant === filled) return undefined;
      const words = typeof filled === 'string' ? shownValue(filled) : 'one that the path names';
      const detail = tenantMisfit(words, principal.tenant, principal.unread?.tenant);
      return {reason: principal.tenant === undefined ? 'missing_tenant' : 'wrong_tenant', detail};
    },
  filled(wanted, {captures}) {
    const filled = filledIn(wanted, captures);
    return typeof filled === 'string' ? filled : wanted;
  },
  got: {of: ({principal}) => principal.tenant, told: 'everywhere'},
};
