// Providers that can never be asked, because those above take all that they would, wherever they look.
import {makePlace} from '../core/credential/places.ts';
import type {Rule} from '../core/rule/rules.ts';
import type {CredentialKind} from '../core/traits.ts';
import type {Finding} from './findings.ts';
import type {Reviewed} from './reviewed.ts';

const inWords = (one: CredentialKind): string => {
  switch (one.kind) {
    case 'issued':
      return 'all tokens of its issuer';
    case 'jwt':
      return 'all JWTs';
    case 'opaque':
      return 'all opaque tokens';
    case 'vendorKey':
      return `all API keys of ${one.vendor}`;
    case 'ownKey':
      return 'all API keys';
  }
};

const wantedBy = ({traits}: Reviewed): readonly CredentialKind[] => traits.credentials?.wanted ?? [];

/** Those above that leave a provider nothing; undefined if it is left something, or if that cannot be known. */
const takersAbove = (provider: Reviewed, listed: readonly Reviewed[]): ReadonlySet<Reviewed> | undefined => {
  const above = listed.slice(0, listed.indexOf(provider));
  const takers = new Set<Reviewed>();
  for (const where of provider.credentials ?? []) {
    const place = makePlace(where);
    for (const wanted of wantedBy(provider)) {
      const taker = above.find(
        ({credentials, traits}) =>
          credentials?.some((one) => makePlace(one).label === place.label) && traits.credentials?.takes(wanted, place),
      );
      if (taker === undefined) return undefined;
      takers.add(taker);
    }
  }
  return takers.size === 0 ? undefined : takers;
};

/**
 * Looks at checked settings; paths are those of the file. A rule that names providers looks at those only, so a provider is
 * asked after all if such a rule names it and leaves out whoever stands in its way.
 */
export const providerWarnings = (
  providers: readonly Reviewed[],
  rules: readonly Pick<Rule, 'access'>[],
): readonly Finding[] => {
  const lists = rules.flatMap(({access}) => {
    const names = 'require' in access ? access.require.providers : undefined;
    return names === undefined ? [] : [providers.filter(({name}) => names.includes(name))];
  });
  return providers.flatMap((provider, index): readonly Finding[] => {
    const takers = takersAbove(provider, providers);
    if (takers === undefined) return [];
    if (lists.some((list) => list.includes(provider) && takersAbove(provider, list) === undefined)) return [];
    return [{path: ['providers', index], at: 'value', message: warningOf(provider, [...takers])}];
  });
};

const warningOf = (provider: Reviewed, takers: readonly Reviewed[]): string => {
  const wanted = wantedBy(provider);
  const what = wanted.map(inWords);
  const about = wanted.every(({kind}) => kind === 'vendorKey') ? ' about API keys' : '';
  const names = takers.map(({name}) => `"${name}"`).join(' and ');
  // Two of one type would only change places.
  const move = takers.some(({type}) => type === provider.type) ? '' : 'move it up, ';
  return `is never asked${about}: ${names} above it ${takers.length === 1 ? 'takes' : 'take'} ${what.join(' and ')}, wherever it looks; ${move}give it places of its own (credentials), or name it in a rule (require: {providers: [${provider.name}]})`;
};
