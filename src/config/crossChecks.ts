// What no single setting can tell: names that must be unique, names that must exist, settings that need another one.
import {featuresNamed} from '../core/identityHeaders.ts';
import {isObject} from '../core/isObject.ts';
import {suggestion} from '../core/words/nearest.ts';
import type {Finding, SettingPath} from './findings.ts';
import {listeningFindings} from './listening.ts';
import {capturesIn, capturesUsed, pathFault} from './rulePatterns.ts';
import {accessKeys} from './rules.ts';

// These look at the settings as they stand in the file, right or wrong, so that one mistake does not hide another.

type Mapping = Readonly<Record<string, unknown>>;

const mapping = (value: unknown): Mapping => (isObject(value) ? (value as Mapping) : {});
const items = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const strings = (value: unknown): readonly string[] => items(value).filter((item) => typeof item === 'string');

const duplicates = (settings: Mapping, key: 'providers' | 'rules'): readonly Finding[] => {
  const seen = new Set<string>();
  return items(settings[key]).flatMap((item, index): readonly Finding[] => {
    const {name} = mapping(item);
    if (typeof name !== 'string' || name === '') return [];
    if (seen.has(name)) {
      return [
        {path: [key, index, 'name'], at: 'value', message: `is a name that another of ${key} has; give each its own`},
      ];
    }
    seen.add(name);
    return [];
  });
};

// `tenant` and `relation.resource` may only use what the path of their rule captures.
const captureFindings = (rule: unknown, at: SettingPath): readonly Finding[] => {
  const {match, require} = mapping(rule);
  const {path} = mapping(match);
  if (Object.hasOwn(mapping(match), 'path') && typeof path !== 'string') return [];
  const captures = typeof path === 'string' ? capturesIn(path).filter((name) => name !== '') : [];
  // What is wrong with the path may be how it writes its captures.
  if (captures.length === 0 && typeof path === 'string' && pathFault(path) !== undefined) return [];
  const ruleAt = at.slice(0, -1);
  const templates: readonly (readonly [SettingPath, unknown])[] = [
    [[...at, 'tenant'], mapping(require).tenant],
    [[...at, 'relation', 'resource'], mapping(mapping(require).relation).resource],
    ...Object.entries(mapping(mapping(rule).attributes)).flatMap(([name, source]) => {
      const {capture} = mapping(source);
      return typeof capture === 'string' ? [[[...ruleAt, 'attributes', name, 'capture'], `{${capture}}`] as const] : [];
    }),
  ];
  return templates.flatMap(([place, template]): readonly Finding[] => {
    if (typeof template !== 'string') return [];
    const used = capturesUsed(template);
    if (used === undefined) {
      const message = 'has a { or } that is no capture: write {name}, with the name of a capture in match.path';
      return [{path: place, at: 'value', message}];
    }
    return used
      .filter((capture) => !captures.includes(capture))
      .map((capture): Finding => {
        const known = captures.length === 0 ? 'it captures nothing' : `it captures ${captures.join(', ')}`;
        const message = `uses {${capture}}, which is not in match.path (${known}); add it there`;
        return {path: place, at: 'value', message};
      });
  });
};

/** `require.when` must be a condition, over what the path of its rule captures. */
const conditionFindings = (rule: unknown, at: SettingPath, fault: ConditionFault): readonly Finding[] => {
  const {match, require} = mapping(rule);
  const {path} = mapping(match);
  const {when} = mapping(require);
  if (typeof when !== 'string' || when === '' || (path !== undefined && typeof path !== 'string')) return [];
  const message = fault(when, path === undefined ? [] : capturesIn(path));
  return message === undefined ? [] : [{path: [...at, 'when'], at: 'value', message}];
};

const accessFindings = (rule: unknown, path: SettingPath): readonly Finding[] => {
  if (typeof rule !== 'object' || rule === null || Array.isArray(rule)) return [];
  const given = accessKeys.filter((key) => Object.hasOwn(rule, key));
  if (given.length === 1) return [];
  const message =
    given.length === 0
      ? 'does not say who is allowed: give exactly one of public, deny, require'
      : `has ${given.join(' and ')}: keep exactly one of public, deny, require`;
  return [{path, at: 'value', message}];
};

/** Without entitlements there is nothing to answer. */
const answersFindings = ({answers, entitlements}: Mapping): readonly Finding[] =>
  answers === undefined || entitlements !== undefined
    ? []
    : [
        {
          path: ['answers'],
          at: 'key',
          message: 'tells what was bought, and nothing says where that is: add entitlements',
        },
      ];

/** `tenants: granted` wants entitlements that know all grants. */
const grantedFindings = (settings: Mapping, lookupTypes: readonly string[]): readonly Finding[] => {
  const {type} = mapping(mapping(settings.entitlements).source);
  const isMissing = settings.entitlements === undefined;
  const isLookup = lookupTypes.includes(String(type));
  if (!isMissing && !isLookup) return [];
  const message = isMissing
    ? 'is granted, which needs the setting entitlements, where the grants are; add it, or list the tenants'
    : `is granted, which entitlements of type ${type} cannot answer: they are asked about one principal at a time; list the tenants, or give a pattern`;
  return items(settings.providers).flatMap((provider, index): readonly Finding[] =>
    mapping(provider).tenants === 'granted' ? [{path: ['providers', index, 'tenants'], at: 'value', message}] : [],
  );
};

/** What was bought can only be told where it is known. */
const boughtFindings = ({responses, entitlements}: Mapping): readonly Finding[] => {
  if (entitlements !== undefined) return [];
  const {identity, metadata} = mapping(responses);
  const named: readonly (readonly [SettingPath, unknown])[] = [
    ...Object.entries(mapping(identity)).map(([name, source]) => [['responses', 'identity', name], source] as const),
    ...items(metadata).map((source, index) => [['responses', 'metadata', index], source] as const),
  ];
  const message = 'needs the setting entitlements, which says what was bought; add it';
  return named
    .filter(([, source]) => typeof source === 'string' && featuresNamed([source]) !== undefined)
    .map(([path]): Finding => ({path, at: 'value', message}));
};

/** What is wrong with a condition in a rule that captures these. */
type ConditionFault = (text: string, captures: readonly string[]) => string | undefined;

/**
 * Faults between settings. `relationTypes`: the provider types that know relations. `lookupTypes`: the entitlement sources
 * that are asked about one principal at a time.
 */
export const crossFindings = (
  tree: unknown,
  relationTypes: readonly string[],
  lookupTypes: readonly string[],
  conditionFault: ConditionFault,
): readonly Finding[] => {
  const settings = mapping(tree);
  const types = new Map<string, unknown>();
  let allNamed = true;
  for (const item of items(settings.providers)) {
    const {name, type} = mapping(item);
    if (typeof name === 'string') types.set(name, type);
    else allNamed = false;
  }
  const findings: Finding[] = [
    ...duplicates(settings, 'providers'),
    ...duplicates(settings, 'rules'),
    ...answersFindings(settings),
    ...grantedFindings(settings, lookupTypes),
    ...listeningFindings(settings),
  ];
  const report = (path: SettingPath, message: string): number => findings.push({path, at: 'value', message});
  const reportUnknown = (path: SettingPath, name: string): void => {
    if (allNamed && !types.has(name))
      report(path, `names a provider that does not exist${suggestion(name, [...types.keys()])}`);
  };

  for (const [index, item] of items(settings.rules).entries()) {
    const require = mapping(mapping(item).require);
    const at: SettingPath = ['rules', index, 'require'];
    findings.push(
      ...accessFindings(item, ['rules', index]),
      ...captureFindings(item, at),
      ...conditionFindings(item, at, conditionFault),
    );
    strings(require.providers).forEach((name, place) => {
      reportUnknown([...at, 'providers', place], name);
    });
    for (const key of ['features', 'entitledPermissions']) {
      if (require[key] === undefined || settings.entitlements !== undefined) continue;
      report([...at, key], 'needs the setting entitlements, which says where grants come from; add it');
    }
    if (mapping(item).limits !== undefined) {
      const place: SettingPath = ['rules', index, 'limits'];
      if (!Object.hasOwn(mapping(item), 'require')) {
        report(place, 'needs require: a limit belongs to a principal');
      } else if (settings.entitlements === undefined) {
        report(place, 'needs the setting entitlements, which says where limits come from; add it');
      }
    }
    if (require.relation === undefined) continue;
    if (relationTypes.length === 0) {
      report([...at, 'relation'], 'is known but not available in this version; take it out');
      continue;
    }
    const {provider} = mapping(require.relation);
    if (typeof provider !== 'string') continue;
    reportUnknown([...at, 'relation', 'provider'], provider);
    if (types.has(provider) && !relationTypes.includes(String(types.get(provider)))) {
      report(
        [...at, 'relation', 'provider'],
        `names a provider that knows no relations; types that do: ${relationTypes.join(', ')}`,
      );
    }
  }
  findings.push(...boughtFindings(settings));
  const {source} = mapping(settings.entitlements);
  if (mapping(source).type === 'redis' && settings.redis === undefined) {
    report(['entitlements', 'source', 'type'], 'needs the setting redis, which says where it is; add it');
  }
  return findings;
};
