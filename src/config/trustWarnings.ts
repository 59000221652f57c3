// What a configuration trusts without saying so: a gateway that may answer for others, a Redis that others may write to.
import type {Finding} from './findings.ts';

/** A provider, as far as its settings say whom it trusts. */
export interface TrustingProvider {
  readonly name: string;
  readonly type: string;
  readonly baseUrl?: string | null;
  readonly issuer?: string | null | undefined;
  readonly audience?: unknown;
  readonly mode?: string;
  readonly apiKeys?: object | undefined;
}

/** Looks at checked settings; paths are those of the file. */
export const trustWarnings = (
  providers: readonly TrustingProvider[],
  redis: {readonly sealKey?: unknown} | undefined,
): readonly Finding[] => [
  ...providers.flatMap((provider, index) =>
    isUnbound(provider)
      ? [{path: ['providers', index, 'baseUrl'], at: 'value' as const, message: unboundWarning(provider)}]
      : [],
  ),
  ...unsealed(providers, redis),
];

/** Tokens of Frontegg are told apart from those of its other customers by issuer, audience, or whose keys these are. */
const isUnbound = ({type, baseUrl, issuer, audience}: TrustingProvider): boolean =>
  type === 'frontegg' &&
  typeof baseUrl === 'string' &&
  !/(^|\.)frontegg\.com\.?$/.test(new URL(baseUrl).hostname) &&
  typeof issuer !== 'string' &&
  !Array.isArray(audience);

const unboundWarning = ({name}: TrustingProvider): string =>
  `of "${name}" is taken for a domain of your environment: if it is a gateway that leads to a region of Frontegg, tokens of its other customers verify, too; set issuer or audience`;

/** What these vendors said of sessions, tokens and keys is shared by Redis. */
const sharesFacts = ({type, mode, apiKeys}: TrustingProvider): boolean =>
  type === 'frontegg' ||
  type === 'frontier' ||
  type === 'introspection' ||
  (type === 'authgear' && mode !== 'jwt') ||
  (type === 'kinde' && apiKeys !== undefined);

const unsealed = (
  providers: readonly TrustingProvider[],
  redis: {readonly sealKey?: unknown} | undefined,
): readonly Finding[] => {
  const names = providers.filter(sharesFacts).map(({name}) => `"${name}"`);
  if (redis === undefined || redis.sealKey !== undefined || names.length === 0) return [];
  const message = `has no sealKey, and holds what was said of credentials of ${names.join(' and ')}: whoever can write to this Redis can sign in as anyone; set sealKey`;
  return [{path: ['redis'], at: 'key', message}];
};
