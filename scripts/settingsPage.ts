// The reference page of the settings: a table of every one, out of the JSON Schema.
import type {SchemaNode} from '../src/config/schemaDocument.ts';

/** The page as Markdown. */
export const settingsPage = (document: SchemaNode): string => {
  const sections = Object.entries(document.properties ?? {}).map(([name, node]) => section(name, node));
  return `${intro}\n${sections.join('\n')}`;
};

const intro = `# Settings

Every setting of \`postern.yaml\`. This page is generated from the declarations in \`src\` (\`node scripts/reference.ts\`).

An editor completes and checks the file with this first line (\`postern schema > postern.schema.json\` writes the file that
it names):

\`\`\`yaml
# yaml-language-server: $schema=./postern.schema.json
\`\`\`

- A **duration** is a whole number and a unit: \`200ms\`, \`30s\`, \`5m\`, \`1h\`.
- An **address** is \`host:port\` or \`unix:///path/to.sock\`.
- A text may hold \`\${NAME}\` (an environment variable) and \`\${file:/path}\` (a file, whose last newline is cut); \`$\${\` is a literal \`\${\`. A setting that is true, false or a number may be one \`'\${NAME}'\` alone, whose value is written so.
- Relative file paths start at the folder of the configuration file.
- A key that is not here is an error, as is a value that does not fit: all are told at once, each with its line and column.
- \`providers(oidc)\` speaks of the shape that a setting has with \`type: oidc\`.
`;

interface Row {
  readonly name: string;
  readonly type: string;
  readonly fallback: string;
  readonly what: string;
}

const section = (name: string, node: SchemaNode): string => {
  const shapes = shapesOf(node);
  const rows = shapes.flatMap((shape) => rowsBelow(name, shape));
  const own = node.description ?? '';
  const lines = rows.map(({name, type, fallback, what}) => `| \`${name}\` | ${type} | ${fallback} | ${what} |`);
  return `## \`${name}\`\n\n${cell(own)}\n\n| Setting | Type | Default | What it does |\n|---|---|---|---|\n${lines.join('\n')}\n`;
};

const isPlaceholder = (node: SchemaNode): boolean =>
  typeof node.pattern === 'string' && node.pattern.startsWith('\\$\\{');

/** The shapes that a setting may have, without the placeholder that any formed text may be. */
const shapesOf = (node: SchemaNode): readonly SchemaNode[] => {
  if (node.title !== undefined) return [node];
  const choices = [...(node.anyOf ?? []), ...(node.properties === undefined ? (node.oneOf ?? []) : [])];
  return choices.length === 0
    ? [node]
    : choices.filter((choice) => !isPlaceholder(choice) && choice.type !== 'null').flatMap(shapesOf);
};

const rowsBelow = (name: string, shape: SchemaNode): readonly Row[] => {
  if (shape.items !== undefined) return shapesOf(shape.items).flatMap((item) => rowsBelow(`${name}[]`, item));
  if (shape.properties === undefined) {
    const open = shape.additionalProperties;
    return typeof open === 'object' ? [row(`${name}.<name>`, open, false)] : [];
  }
  const type = shape.properties.type?.const;
  const prefix = typeof type === 'string' ? `${name}(${type})` : name;
  const below = Object.entries(shape.properties).flatMap(([key, child]) => {
    const path = `${prefix}.${key}`;
    const required = shape.required?.includes(key) === true && child.default === undefined;
    return [row(path, child, required), ...shapesOf(child).flatMap((inner) => rowsBelow(path, inner))];
  });
  return below;
};

const row = (name: string, node: SchemaNode, required: boolean): Row => {
  const fallback = node.default === undefined ? '' : JSON.stringify(node.default);
  const isPlain = fallback === '' || fallback === '{}';
  return {
    name,
    type: typeText(node),
    fallback: required ? '**required**' : isPlain ? '' : code(fallback),
    what: cell(node.description ?? ''),
  };
};

const typeText = (node: SchemaNode): string => {
  if (node.title !== undefined) return node.title;
  const kinds = shapesOf(node).map((shape) => {
    if (shape.title !== undefined) return shape.title;
    if (shape.const !== undefined) return code(String(shape.const));
    if (shape.enum !== undefined) return shape.enum.map((value) => code(String(value))).join(', ');
    if (shape.items !== undefined) return `list of ${typeText(shape.items)}`;
    return words[shape.type ?? ''] ?? 'any';
  });
  return [...new Set(kinds)].join(' or ');
};

const words: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  number: 'number',
  boolean: 'true or false',
  object: 'mapping',
  array: 'list',
};

const code = (text: string): string => `\`${cell(text)}\``;
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
