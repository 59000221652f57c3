// What is written as a pattern of another language, and is taken as it stands.

import type {ListRequirement, Rule} from '../../core/rule/rules.ts';
import {nearest} from '../../core/words/nearest.ts';
import type {Finding, SettingPath} from '../findings.ts';
import {capturesIn, segmentsOf} from '../rulePatterns.ts';

const knownMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE', 'QUERY'];

const warning = (path: SettingPath, message: string): Finding => ({path, at: 'value', message});

/** Looks at a checked rule; `index` is its place in the file. */
export const literals = (rule: Rule, index: number): readonly Finding[] => [
  ...inPath(rule, ['rules', index, 'match', 'path']),
  ...inMethods(rule, ['rules', index, 'match', 'methods']),
  ...inTenant(rule, ['rules', index, 'require', 'tenant']),
  ...inLists(rule, ['rules', index, 'require']),
];

/** The name in `:org`, `<org>`, `$org`. */
const foreignCapture = /^(?::|\$)([A-Za-z_]\w*)$|^<([A-Za-z_]\w*)>$/;
const expression = /[\^$|()\\]|\.[*+]|\[.*\]|[+*]$/;

const inPath = ({match}: Rule, at: SettingPath): readonly Finding[] =>
  segmentsOf(match.path ?? '/').flatMap((segment): readonly Finding[] => {
    if (segment === '*' || segment === '**') return [];
    const named = foreignCapture.exec(segment);
    const name = named?.[1] ?? named?.[2];
    if (name !== undefined) return [warning(at, `has the text ${segment}, taken as it stands; a capture is {${name}}`)];
    if (!expression.test(segment)) return [];
    return [warning(at, `has ${segment}, taken as it stands: rules are no regular expressions; use *, ** or {name}`)];
  });

const inMethods = ({match}: Rule, at: SettingPath): readonly Finding[] =>
  (match.methods ?? []).flatMap((method, place): readonly Finding[] => {
    if (method === '*')
      return [warning([...at, place], 'is the method named *, which nobody sends; leave methods out')];
    const upper = method.toUpperCase();
    if (method !== upper) {
      return [warning([...at, place], `is not upper case, and methods are compared as sent; write ${upper}`)];
    }
    if (knownMethods.includes(method)) return [];
    const near = nearest(method, knownMethods);
    return near === undefined
      ? []
      : [warning([...at, place], `is a method that HTTP does not define; did you mean "${near}"?`)];
  });

const inTenant = ({match, access}: Rule, at: SettingPath): readonly Finding[] => {
  if (!('require' in access) || access.require.tenant === undefined) return [];
  const {tenant} = access.require;
  const named = foreignCapture.exec(tenant);
  const name = named?.[1] ?? named?.[2] ?? tenant;
  const captures = capturesIn(match.path ?? '/');
  if (captures.includes(name)) {
    return [warning(at, `is the text ${tenant}, not what match.path captures; write '{${name}}'`)];
  }
  if (named !== null) return [warning(at, `is the text ${tenant}, taken as it stands; a capture is '{${name}}'`)];
  if (tenant !== '*') return [];
  return [warning(at, 'is the tenant named *; leave tenant out for any tenant')];
};

const listed = ['roles', 'permissions', 'scopes', 'features', 'entitledPermissions'] as const;

const inLists = ({access}: Rule, at: SettingPath): readonly Finding[] => {
  if (!('require' in access)) return [];
  const {require} = access;
  return listed.flatMap((key) =>
    itemsOf(require[key]).flatMap((item): readonly Finding[] => {
      if (item === '*') return [warning([...at, key], `has *, which is taken as it stands; leave ${key} out for any`)];
      if (item === item.trim()) return [];
      return [
        warning([...at, key], `has ${JSON.stringify(item)}, with a space at an end, which is taken as it stands`),
      ];
    }),
  );
};

const itemsOf = ({any = [], all = []}: ListRequirement = {}): readonly string[] => [...any, ...all];
