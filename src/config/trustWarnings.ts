// What a configuration trusts without saying so: an issuer that may answer for others, a Redis that others may write to.
import type {Finding} from './findings.ts';
import type {Reviewed} from './reviewed.ts';

/** Looks at checked settings; paths are those of the file. */
export const trustWarnings = (
  providers: readonly Pick<Reviewed, 'name' | 'traits'>[],
  redis: {readonly sealKey?: unknown} | undefined,
): readonly Finding[] => [
  ...providers.flatMap(({traits: {doubts = []}}, index) =>
    doubts.map(({setting, message}): Finding => ({path: ['providers', index, setting], at: 'value', message})),
  ),
  ...unsealed(providers, redis),
];

const unsealed = (
  providers: readonly Pick<Reviewed, 'name' | 'traits'>[],
  redis: {readonly sealKey?: unknown} | undefined,
): readonly Finding[] => {
  const names = providers.filter(({traits}) => traits.sharesFacts).map(({name}) => `"${name}"`);
  if (redis === undefined || redis.sealKey !== undefined || names.length === 0) return [];
  const message = `has no sealKey, and holds what was said of credentials of ${names.join(' and ')}: whoever can write to this Redis can sign in as anyone; set sealKey`;
  return [{path: ['redis'], at: 'key', message}];
};
