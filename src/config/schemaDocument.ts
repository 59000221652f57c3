// The settings as a JSON Schema (draft 2020-12): for editors, for the reference page, and to know which are secret.
import {z} from 'zod';
import type {SettingPath} from './findings.ts';
import {settingsSchema} from './schema.ts';

/** The part of JSON Schema that the settings use. */
export interface SchemaNode {
  readonly [keyword: string]: unknown;
  readonly type?: string;
  readonly title?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly additionalProperties?: boolean | SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
  readonly required?: readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly writeOnly?: boolean;
}

// A text that is to have a form may come from outside the file, which the schema cannot look into.
const placeholder = '\\$\\{[^}]+\\}';

// Not a `const`: the `type` that a choice hangs on must be told apart by an editor.
const isFormed = (node: Record<string, unknown>): boolean =>
  node.type === 'string' && ['pattern', 'format', 'enum', 'minLength', 'allOf'].some((key) => key in node);

const isOtherThanText = (node: Record<string, unknown>): boolean =>
  ['boolean', 'number', 'integer'].includes(String(node.type)) ||
  (Array.isArray(node.enum) && node.enum.some((value) => typeof value !== 'string'));

/** The schema of the file as it is written: defaults left out, durations as text, `${...}` in any text. */
export const schemaDocument = (): SchemaNode => {
  const made = z.toJSONSchema(settingsSchema, {
    io: 'input',
    target: 'draft-2020-12',
    unrepresentable: 'any',
    override({jsonSchema}) {
      const node = jsonSchema as Record<string, unknown>;
      if (!(isFormed(node) || isOtherThanText(node)) || 'anyOf' in node) return;
      const {title, description, default: fallback, writeOnly, ...form} = node;
      for (const key of Object.keys(form)) delete node[key];
      // What is no text comes from outside as a whole.
      node.anyOf = [form, {type: 'string', pattern: form.type === 'string' ? placeholder : `^${placeholder}$`}];
    },
  });
  const {$schema, ...rest} = made;
  return {
    $schema,
    title: 'Postern',
    description: 'The configuration of Postern, an Envoy external-authorization service.',
    ...rest,
  } as SchemaNode;
};

let document: SchemaNode | undefined;

/** A tree of settings without the values that are secret (`writeOnly`), as far as they stand in the file literally. */
export const withoutSecrets = (tree: unknown): unknown => {
  document ??= schemaDocument();
  return strip(tree, [document], () => {});
};

/** The texts of a tree of settings that are secret (`writeOnly`): what must never be printed. */
export const secretsIn = (tree: unknown): readonly string[] => {
  document ??= schemaDocument();
  const secrets = new Set<string>();
  strip(tree, [document], (secret) => {
    if (typeof secret === 'string') secrets.add(secret);
  });
  return [...secrets];
};

/** Where secrets (`writeOnly`) are written out in a tree of settings, not as `${NAME}`. URLs are where they hold a password. */
export const writtenSecrets = (tree: unknown): readonly SettingPath[] => {
  document ??= schemaDocument();
  const found: SettingPath[] = [];
  strip(tree, [document], (secret, path) => {
    if (typeof secret !== 'string' || secret === '' || secret.includes('${')) return;
    if (!/^\w+:\/\//.test(secret) || /^\w+:\/\/[^/@]*:[^/@]+@/.test(secret)) found.push(path);
  });
  return found;
};

const strip = (
  value: unknown,
  nodes: readonly SchemaNode[],
  stripped: (secret: unknown, path: SettingPath) => void,
  path: SettingPath = [],
): unknown => {
  const all = nodes.flatMap(alternativesOf);
  if (all.some((node) => node.writeOnly === true)) {
    // While a secret is changed it is a list of several.
    if (Array.isArray(value)) for (const [index, item] of value.entries()) stripped(item, [...path, index]);
    else stripped(value, path);
    return null;
  }
  if (Array.isArray(value)) {
    const items = all.flatMap((node): readonly SchemaNode[] => (node.items === undefined ? [] : [node.items]));
    return value.map((item, index) => strip(item, items, stripped, [...path, index]));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [
      key,
      strip(
        child,
        all.flatMap((node) => propertyOf(node, key)),
        stripped,
        [...path, key],
      ),
    ]),
  );
};

const alternativesOf = (node: SchemaNode): readonly SchemaNode[] => [
  node,
  ...(node.anyOf ?? []).flatMap(alternativesOf),
  ...(node.oneOf ?? []).flatMap(alternativesOf),
];

const propertyOf = (node: SchemaNode, key: string): readonly SchemaNode[] => {
  if (node.properties !== undefined && Object.hasOwn(node.properties, key)) return [node.properties[key] as SchemaNode];
  return typeof node.additionalProperties === 'object' ? [node.additionalProperties] : [];
};
