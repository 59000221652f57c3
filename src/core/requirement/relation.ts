// `relation`: the provider that knows of it says that the principal may do this to that resource.
import {shownValue} from '../words/misfit.ts';
import type {Part, Unmet} from './part.ts';
import {filledIn} from './template.ts';

export const relation: Part<'relation'> = {
  compile({provider, permission, resource: template}, {relate}) {
    const ask = relate(provider);
    const unmet: Unmet = {
      reason: 'not_related',
      detail: `relation: wanted ${shownValue(permission)} on ${shownValue(template)}`,
    };
    if (ask === undefined) return () => unmet;
    // A provider knows its own people only.
    const foreign = (of: string): Unmet => ({
      ...unmet,
      detail: `${unmet.detail} of ${provider}, got a principal of ${of}`,
    });
    return async (facts) => {
      const resource = filledIn(template, facts.captures);
      if (typeof resource !== 'string') return unmet;
      if ((await ask({permission, resource}, facts)) === true) return undefined;
      return facts.principal.provider === provider ? unmet : foreign(facts.principal.provider);
    };
  },
  got: {of: ({captures}) => Object.fromEntries(captures), told: 'explained'},
};
