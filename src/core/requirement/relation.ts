// `relation`: the provider that knows of it says that the principal may do this to that resource.
import type {Part, Unmet} from './part.ts';
import {filledIn} from './template.ts';

const unmet: Unmet = {reason: 'not_related'};

export const relation: Part<'relation'> = {
  compile({provider, permission, resource: template}, {relate}) {
    const ask = relate(provider);
    if (ask === undefined) return () => unmet;
    return async (facts) => {
      const resource = filledIn(template, facts.captures);
      if (typeof resource !== 'string') return unmet;
      return (await ask({permission, resource}, facts)) === true ? undefined : unmet;
    };
  },
};
