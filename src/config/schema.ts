// All settings: joins what each folder declares beside its code, and checks the whole.
import {z} from 'zod';
import {adminSettings} from '../admin/settings.ts';
import {answersSettings} from '../answers/settings.ts';
import {conditionFault} from '../conditions/settings.ts';
import {nearest} from '../core/words/nearest.ts';
import {makeEntitlementsSettings} from '../entitlements/settings.ts';
import {responsesSettings, serverSettings} from '../envoy/settings.ts';
import {logSettings} from '../observe/settings.ts';
import {remoteSettings} from '../remote/settings.ts';
import {stateSettings} from '../state/settings.ts';
import {redisSettings, revocationSettings} from '../store/settings.ts';
import {lookupTypes, providerFiles, providerSchemas, relationTypes, sourceSchemas} from '../vendors/index.ts';
import {crossFindings} from './crossChecks.ts';
import {type Finding, keyOfPath, type SettingPath, startsWith, valueAt} from './findings.ts';
import {findingsOf, wording} from './issues.ts';
import {pathsSettings, rulesSettings} from './rules.ts';

const mostRounds = 20;

/** Settings that are paths of files; relative ones start at the folder of the configuration file. `*`: any index. */
const filePaths: readonly SettingPath[] = [
  ['server', 'tls', 'cert'],
  ['server', 'tls', 'key'],
  ['server', 'tls', 'clientCa'],
  ['answers', 'tls', 'cert'],
  ['answers', 'tls', 'key'],
  ['answers', 'tls', 'clientCa'],
  ['remote', 'ca'],
  ['redis', 'tls', 'ca'],
  ['redis', 'tls', 'cert'],
  ['redis', 'tls', 'key'],
  ['state', 'dir'],
  ['entitlements', 'source', 'path'],
  ['entitlements', 'source', 'ca'],
  ['entitlements', 'source', 'clientCertificate', 'cert'],
  ['entitlements', 'source', 'clientCertificate', 'key'],
  ...providerFiles.map((file): SettingPath => ['providers', '*', file]),
  ['providers', '*', 'ca'],
  ['providers', '*', 'clientCertificate', 'cert'],
  ['providers', '*', 'clientCertificate', 'key'],
];

/** The whole configuration file. */
export const settingsSchema = z.strictObject({
  server: serverSettings,
  admin: adminSettings,
  answers: answersSettings.exactOptional(),
  providers: z
    .array(z.discriminatedUnion('type', providerSchemas))
    .min(1, 'is an empty list: without a provider nobody can be verified; name at least one, or take it out')
    .describe('Who vouches for credentials. The first that accepts a credential decides.')
    .default([]),
  remote: remoteSettings,
  redis: redisSettings
    .describe('Shared cache. Absent: everything stays in the memory of this process.')
    .exactOptional(),
  entitlements: makeEntitlementsSettings(sourceSchemas).describe('What tenants have bought.').exactOptional(),
  state: stateSettings
    .describe(
      'The last good entitlements, keys and revocations on disk, for a start while all that they come from is away. Absent: nothing is kept there.',
    )
    .exactOptional(),
  revocation: revocationSettings.describe('Sessions and tokens that ended early.').prefault({}),
  paths: pathsSettings,
  rules: rulesSettings,
  responses: responsesSettings,
  log: logSettings,
});

/** The configuration, checked. Durations are milliseconds, file paths absolute. */
export type Settings = z.output<typeof settingsSchema>;

/** What a check of the settings comes to. */
export type Checked =
  | {readonly settings: Settings; readonly findings?: never}
  | {readonly findings: readonly Finding[]; readonly settings?: never};

/**
 * Checks a tree of plain values.
 *
 * @param tree the file's content, placeholders filled
 * @param resolve makes a file path absolute
 * @param unread settings whose values could not be read and are reported elsewhere: nothing more is said of them
 */
export const checkSettings = (
  tree: unknown,
  resolve: (path: string) => string = (path) => path,
  unread: readonly SettingPath[] = [],
): Checked => {
  const whole = structuredClone(tree);
  for (const path of filePaths) resolveAt(whole, path, resolve);
  const findings = new Map<string, Finding>();
  const add = (finding: Finding): void => {
    const key = keyOfPath(finding.path) + finding.at;
    if (!findings.has(key)) findings.set(key, finding);
  };

  // The library stops short of an object's own checks while one of its parts is wrong. So what is wrong is taken out and
  // the rest read again, until nothing new is found: every error is told at once.
  const rest = structuredClone(whole);
  const removed: SettingPath[] = [];
  /** Beside them, what is required only for want of what was taken out is no fault of its own. */
  const taken: SettingPath[] = [];
  for (const path of unread) {
    remove(rest, path, removed);
    blank(whole, path);
  }
  const isConsequence = ({path}: Finding): boolean =>
    removed.some((gone) => startsWith(path, gone) || (gone.length === path.length + 1 && startsWith(gone, path)));
  crossFindings(whole, relationTypes, lookupTypes, conditionFault).forEach(add);
  for (let round = 0; round < mostRounds; round++) {
    const parsed = settingsSchema.safeParse(rest, {error: wording});
    if (parsed.success) {
      if (findings.size > 0 || removed.length > 0) break;
      return {settings: parsed.data};
    }
    const found = findingsOf(parsed.error.issues, rest, typeFault).filter(
      (finding) => !isConsequence(finding) && !isRequiredBeside(finding, taken),
    );
    found.map(withLevel).forEach(add);
    const before = removed.length;
    for (const {path} of found) remove(rest, path, removed);
    taken.push(...removed.slice(before));
    if (removed.length === before) break;
  }
  return {findings: withoutEchoes([...findings.values()])};
};

const isRequiredBeside = ({path, message}: Finding, taken: readonly SettingPath[]): boolean =>
  message.startsWith('is required') &&
  taken.some((gone) => gone.length === path.length && startsWith(path, gone.slice(0, -1)));

/** What is missing only because it stands at another level, or under a name that is mistyped, is one mistake. */
const withoutEchoes = (findings: readonly Finding[]): readonly Finding[] => {
  const meant = new Set(
    findings.flatMap(({path, message}) => {
      if (message === tooDeep) return [keyOfPath(path.slice(-1))];
      const [, name] = /^is not a setting; did you mean "(.+)"\?$/.exec(message) ?? [];
      return name === undefined ? [] : [keyOfPath([...path.slice(0, -1), name])];
    }),
  );
  const strange = findings.filter(({at, message}) => at === 'key' && message.startsWith('is not a setting'));
  const holders = new Set(strange.map(({path}) => keyOfPath(path.slice(0, -1))));
  const isEcho = ({path, message}: Finding): boolean =>
    (message.startsWith('is required') && meant.has(keyOfPath(path))) ||
    (/^(is empty: |needs exactly one of|does not say who)/.test(message) && holders.has(keyOfPath(path)));
  return asOne(findings.filter((finding) => !isEcho(finding)));
};

/** In a place where one setting is missing and one is strange, the one was meant by the other. */
const asOne = (findings: readonly Finding[]): readonly Finding[] => {
  const below = (holder: string, start: string) =>
    findings.filter(({path, message}) => keyOfPath(path.slice(0, -1)) === holder && message.startsWith(start));
  const gone = new Set<Finding>();
  const told = findings.map((finding) => {
    const {path, message} = finding;
    if (!/^is not a setting; known here/.test(message)) return finding;
    const holder = keyOfPath(path.slice(0, -1));
    const [missing, ...others] = below(holder, 'is required');
    if (missing === undefined || others.length > 0 || below(holder, 'is not a setting').length > 1) return finding;
    gone.add(missing);
    return {...finding, message: `is not a setting; is it "${missing.path.at(-1)}", which is required here?`};
  });
  return told.filter((_, index) => !gone.has(findings[index] as Finding));
};

const tooDeep = 'is not a setting here, but at the top: is it indented too far?';

/** A setting of the top that stands further down was indented too far. */
const withLevel = (finding: Finding): Finding => {
  const key = finding.path.at(-1);
  const isElsewhere = finding.at === 'key' && finding.message.startsWith('is not a setting') && finding.path.length > 1;
  if (!isElsewhere || typeof key !== 'string' || !Object.hasOwn(settingsSchema.shape, key)) return finding;
  return {...finding, message: tooDeep};
};

/** Products and standards whose tokens the type oidc takes. */
const ofIssuers = /^(auth0|okta|keycloak|google|entra|azure|azuread|zitadel|openid|oauth2?|jwt|jwks)$/i;

/** Words for a `type` that is none of the available ones. */
const typeFault = (_path: SettingPath, given: unknown, available: readonly string[]): string => {
  const listed = `available: ${available.join(', ')}`;
  if (given === undefined) return `is required; ${listed}`;
  if (typeof given !== 'string') return `must be a text; ${listed}`;
  const near = ofIssuers.test(given) && available.includes('oidc') ? 'oidc' : nearest(given, available);
  return `is not a type that is known here; ${near === undefined ? listed : `did you mean "${near}"?`}`;
};

const resolveAt = (root: unknown, [key, ...rest]: SettingPath, resolve: (path: string) => string): void => {
  if (key === undefined || typeof root !== 'object' || root === null) return;
  if (key === '*') {
    if (Array.isArray(root)) for (const item of root) resolveAt(item, rest, resolve);
    return;
  }
  const own = root as Record<string, unknown>;
  const value = valueAt(own, [key]);
  if (rest.length > 0) resolveAt(value, rest, resolve);
  else if (typeof value === 'string' && value !== '') own[key] = resolve(value);
};

// Takes out the setting at a path; of an item of a list, the setting that holds the list, so that no index moves.
const remove = (root: unknown, path: SettingPath, removed: SettingPath[]): void => {
  let length = path.length;
  while (length > 0 && typeof path[length - 1] === 'number') length--;
  // A fault of a whole provider or rule hides nothing of the others: they stay.
  if (length === 0 || (length === 1 && path.length > 1)) return;
  const gone = path.slice(0, length);
  const holder = valueAt(root, gone.slice(0, -1));
  if (typeof holder !== 'object' || holder === null || Array.isArray(holder)) return;
  const key = gone[length - 1] as string;
  if (!Object.hasOwn(holder, key)) return;
  delete (holder as Record<string, unknown>)[key];
  removed.push(gone);
};

// A value that is there and cannot be known.
const blank = (root: unknown, path: SettingPath): void => {
  const holder = valueAt(root, path.slice(0, -1));
  const key = path.at(-1);
  if (typeof holder === 'object' && holder !== null && key !== undefined) {
    (holder as Record<string | number, unknown>)[key] = undefined;
  }
};
