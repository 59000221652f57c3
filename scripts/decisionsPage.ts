// The reference page and the JSON Schema of the decision log, out of the declaration of its line.
import {z} from 'zod';
import {decisionLine, lineVersion} from '../src/observe/decisionLineSchema.ts';

interface Node {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly items?: Node;
}

/** Open: fields are added without a new version. */
export const decisionsSchema = (): object => ({
  ...(z.toJSONSchema(decisionLine) as object),
  title: 'A decision of Postern',
  description: `A line of the decision log, version ${lineVersion}. Fields may be added.`,
});

export const decisionsPage = (): string => {
  const schema = decisionsSchema() as Node;
  const {replay} = schema.properties ?? {};
  return [
    intro,
    table('', schema),
    `## \`replay\`\n\n${replay?.description ?? ''}\n`,
    table('replay.', replay ?? {}),
    table('replay.who.', replay?.properties?.who ?? {}),
  ].join('\n');
};

const intro = `# Decisions

The fields of a decision, as the decision log writes it (a line of JSON, [operate](../operate.md#log-lines)) and as
\`/decisions\` of the admin port shows it ([ask it](../guides/ask.md)). Fields that do not apply are absent. This page is
generated from \`src/observe/decisionLineSchema.ts\`, as is [decisions.schema.json](decisions.schema.json), a JSON Schema.

Fields are added freely: ignore those that you do not know. One that goes, or means something else, makes \`v\` another.
`;

const table = (prefix: string, {properties = {}, required = []}: Node): string => {
  const rows = Object.entries(properties).map(([name, node]) => {
    const always = required.includes(name) ? 'always' : '';
    return `| \`${prefix}${name}\` | ${typeOf(node)} | ${always} | ${(node.description ?? '').replaceAll('|', '\\|')} |`;
  });
  return `| Field | Type | | What it says |\n|---|---|---|---|\n${rows.join('\n')}\n`;
};

const typeOf = (node: Node): string => {
  if (node.const !== undefined) return `\`${JSON.stringify(node.const)}\``;
  if (node.enum !== undefined) return node.enum.map((one) => `\`${one}\``).join(', ');
  if (node.type === 'array') return 'list of texts';
  return {string: 'text', number: 'number', object: 'object'}[node.type ?? ''] ?? 'any';
};
