// What a configuration trusts without saying so: an issuer that may answer for others, a Redis that others may write to.
import type {Finding} from './findings.ts';
import type {Reviewed} from './reviewed.ts';

/** What has a key that seals, or has none. */
interface Sealed {
  readonly sealKey?: unknown;
}

/** Looks at checked settings; paths are those of the file. */
export const trustWarnings = (
  providers: readonly Pick<Reviewed, 'name' | 'traits'>[],
  redis: Sealed | undefined,
  state?: Sealed,
): readonly Finding[] => [
  ...providers.flatMap(({traits: {doubts = []}}, index) =>
    doubts.map(({setting, message}): Finding => ({path: ['providers', index, setting], at: 'value', message})),
  ),
  ...unsealed(providers, redis),
  ...unsealedState(state, redis),
];

const unsealed = (
  providers: readonly Pick<Reviewed, 'name' | 'traits'>[],
  redis: Sealed | undefined,
): readonly Finding[] => {
  const names = providers.filter(({traits}) => traits.sharesFacts).map(({name}) => `"${name}"`);
  if (redis === undefined || redis.sealKey !== undefined || names.length === 0) return [];
  const message = `has no sealKey, and holds what was said of credentials of ${names.join(' and ')}: whoever can write to this Redis can sign in as anyone; set sealKey`;
  return [{path: ['redis'], at: 'key', message}];
};

const unsealedState = (state: Sealed | undefined, redis: Sealed | undefined): readonly Finding[] => {
  if (state === undefined || state.sealKey !== undefined || redis?.sealKey !== undefined) return [];
  const message =
    'has no sealKey, and redis has none: whoever can write to this folder can grant anything, and put in keys of their own; set sealKey';
  return [{path: ['state'], at: 'key', message}];
};
