// Providers that can never be asked, because those above take all that they would, wherever they look.
import {makePlace, type Where} from '../core/places.ts';
import type {Rule} from '../core/rules.ts';
import type {Finding} from './findings.ts';

/** A provider, as far as its settings say what it takes. The others (authgear, frontegg, frontier) look further. */
export interface ListedProvider {
  readonly name: string;
  readonly type: string;
  readonly credentials?: readonly Where[];
  readonly issuer?: string | null | undefined;
  readonly domain?: string;
  readonly apiKeys?: object | undefined;
  readonly tokens?: 'opaque' | 'any';
}

/** Credentials that providers do not tell apart by looking at them; `issuer` for the tokens of one. */
interface Kind {
  readonly kind: 'issued' | 'jwt' | 'opaque' | 'kindeKey' | 'ownKey';
  readonly issuer?: string | null | undefined;
}

const words: Readonly<Record<Kind['kind'], string>> = {
  issued: 'all tokens of its issuer',
  jwt: 'all JWTs',
  opaque: 'all opaque tokens',
  kindeKey: 'all API keys of Kinde',
  ownKey: 'all API keys',
};

/** What a provider is there for. One of Kinde that takes API keys may stand below another for their sake alone. */
const kindsOf = ({type, issuer, domain, apiKeys, tokens}: ListedProvider): readonly Kind[] => {
  if (type === 'oidc') return [{kind: 'issued', issuer}];
  if (type === 'kinde') return apiKeys === undefined ? [{kind: 'issued', issuer: domain}] : [{kind: 'kindeKey'}];
  if (type === 'introspection') return tokens === 'any' ? [{kind: 'opaque'}, {kind: 'jwt'}] : [{kind: 'opaque'}];
  return type === 'apiKeys' ? [{kind: 'ownKey'}] : [];
};

/** Whether a provider takes all of a kind that stands at this place, which is one of its own. */
const takes = ({type, issuer, domain, apiKeys, tokens}: ListedProvider, wanted: Kind, where: Where): boolean => {
  const {kind} = wanted;
  if (type === 'oidc') return kind === 'issued' && wanted.issuer === issuer;
  if (type === 'kinde') {
    return kind === 'issued' ? wanted.issuer === domain : kind === 'kindeKey' && apiKeys !== undefined;
  }
  if (type === 'introspection')
    return kind === 'opaque' || kind === 'kindeKey' || (tokens === 'any' && kind !== 'ownKey');
  return type === 'apiKeys' && (kind === 'ownKey' || isTakenWhole(where));
};

/** As the provider apiKeys has it: at such a place whatever stands there is a key, or refused. */
const isTakenWhole = (where: Where): boolean =>
  'header' in where &&
  (where.scheme === undefined ? where.header !== 'authorization' : where.scheme.toLowerCase() === 'basic');

/** Those above that leave a provider nothing; undefined if it is left something, or if that cannot be known. */
const takersAbove = (
  provider: ListedProvider,
  listed: readonly ListedProvider[],
): ReadonlySet<ListedProvider> | undefined => {
  const above = listed.slice(0, listed.indexOf(provider));
  const takers = new Set<ListedProvider>();
  for (const where of provider.credentials ?? []) {
    const {label} = makePlace(where);
    for (const wanted of kindsOf(provider)) {
      const taker = above.find(
        (other) => other.credentials?.some((one) => makePlace(one).label === label) && takes(other, wanted, where),
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
  providers: readonly ListedProvider[],
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

const warningOf = (provider: ListedProvider, takers: readonly ListedProvider[]): string => {
  const what = kindsOf(provider).map(({kind}) => words[kind]);
  const about = provider.type === 'kinde' && provider.apiKeys !== undefined ? ' about API keys' : '';
  const names = takers.map(({name}) => `"${name}"`).join(' and ');
  // Two of one type would only change places.
  const move = takers.some(({type}) => type === provider.type) ? '' : 'move it up, ';
  return `is never asked${about}: ${names} above it ${takers.length === 1 ? 'takes' : 'take'} ${what.join(' and ')}, wherever it looks; ${move}give it places of its own (credentials), or name it in a rule (require: {providers: [${provider.name}]})`;
};
