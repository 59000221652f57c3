// Rules that are good by themselves and hardly mean what they say.
import type {Rule} from '../../core/rule/rules.ts';
import type {Finding, SettingPath} from '../findings.ts';
import type {Reviewed} from '../reviewed.ts';
import {capturesIn, capturesUsed} from '../rulePatterns.ts';

const warning = (path: SettingPath, message: string): Finding => ({path, at: 'value', message});

/** Looks at a checked rule; `index` is its place in the file. */
export const meanings = (rule: Rule, index: number, providers: readonly Reviewed[]): readonly Finding[] => [
  ...neverCompared(rule, index),
  ...tenantOfNobody(rule, index, providers),
  ...named(rule, index),
  ...shadowOfNothing(rule, index),
];

/** `{org}` in the path and nothing asked of it: whoever is let in is let in for every org. */
const neverCompared = ({match, access}: Rule, index: number): readonly Finding[] => {
  if (access.access !== 'require' || match.path === undefined) return [];
  const {tenant, relation, features, entitledPermissions, when = ''} = access.require;
  // What targets a feature may look at captures.
  if (features !== undefined || entitledPermissions !== undefined) return [];
  const captures = capturesIn(match.path);
  const used = [tenant, relation?.resource].flatMap((template) => capturesUsed(template ?? '') ?? []);
  const [first] = captures;
  if (first === undefined || used.length > 0 || /\bcaptures\b/.test(when)) return [];
  const message = `captures {${first}} and compares it with nothing, so whoever passes here passes for any; ask tenant: '{${first}}', or write * for it`;
  return [warning(['rules', index, 'match', 'path'], message)];
};

const tenantOfNobody = ({access}: Rule, index: number, providers: readonly Reviewed[]): readonly Finding[] => {
  if (!('require' in access) || access.require.tenant === undefined) return [];
  const {providers: asked} = access.require;
  const all = providers.filter(({name}) => asked === undefined || asked.includes(name));
  if (all.length === 0 || all.some(({traits}) => traits.tenants !== 'none')) return [];
  const names = all.map(({name}) => `"${name}"`).join(' and ');
  const message = `allows nobody: no principal of ${names} has a tenant; say by claims.tenant which claim it is`;
  return [warning(['rules', index, 'require', 'tenant'], message)];
};

const named = ({name}: Rule, index: number): readonly Finding[] =>
  name === 'none' || name === 'other'
    ? [warning(['rules', index, 'name'], `is the word of the metrics for what has no rule; give it another name`)]
    : [];

const shadowOfNothing = ({access, shadow}: Rule, index: number): readonly Finding[] =>
  shadow && access.access === 'public'
    ? [warning(['rules', index, 'shadow'], 'means nothing in a public rule, which refuses nobody; take it out')]
    : [];
