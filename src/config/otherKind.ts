// A file of another kind than was asked for: they lie side by side, and one name is soon typed for the other.

const kinds = {
  configuration: ['rules', 'providers'],
  cases: ['cases'],
  entitlements: ['plans', 'grants', 'features'],
  keys: ['keys'],
} as const;
type Kind = keyof typeof kinds;

const remedies: Readonly<Record<'configuration' | 'cases', Partial<Record<Kind, string>>>> = {
  configuration: {
    cases: 'holds cases: postern test decides them; name the configuration here',
    entitlements:
      'holds entitlements: name it in the configuration, under entitlements.source; name the configuration here',
    keys: 'holds API keys: name it in the configuration, as file of a provider; name the configuration here',
  },
  cases: {
    configuration: 'is a configuration: name it with -c, and a file of cases here',
    entitlements: 'holds entitlements: name a file of cases here, which may hold entitlements, too',
    keys: 'holds API keys: name a file of cases here',
  },
};

/** What the file is instead, and what to do; undefined: it may be what is wanted. */
export const otherKind = (value: unknown, wanted: 'configuration' | 'cases'): string | undefined => {
  if (typeof value !== 'object' || value === null) return undefined;
  const has = (kind: Kind): boolean => kinds[kind].some((key) => Object.hasOwn(value, key));
  if (has(wanted)) return undefined;
  const found = (Object.keys(kinds) as Kind[]).find(has);
  return found && remedies[wanted][found];
};
