// Every block of code on every page: what language it is of, and what tries it. YAML is read and, where it is settings, rules,
// providers or entitlements, checked as such; command lines of Postern are parsed as the program parses them; questions to
// Prometheus name metrics that there are. What this cannot do stands in the tables, with the test that does, or why none can.
import assert from 'node:assert/strict';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {Ajv2020} from 'ajv/dist/2020.js';
import type {Command} from 'commander';
import {parseAllDocuments} from 'yaml';
import {program} from '../../src/commands/program.ts';

const root = join(import.meta.dirname, '../..');
const text = (path: string) => readFileSync(join(root, path), 'utf8');
const pages = [
  'README.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'helm/postern/README.md',
  'helm/postern-sidecar/README.md',
  ...readdirSync(join(root, 'docs'), {recursive: true, encoding: 'utf8'})
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name))
    .sort(),
];

interface Block {
  readonly page: string;
  readonly at: string;
  readonly language: string;
  readonly code: string;
}

const blocks: readonly Block[] = pages.flatMap((page) => {
  const whole = text(page);
  return [...whole.matchAll(/^( *)```(\w*)\n([\s\S]*?)^ *```$/gm)].map((match) => {
    const [, margin = '', language = '', code = ''] = match;
    const line = whole.slice(0, match.index).split('\n').length;
    return {page, at: `${page}:${line}`, language, code: code.replaceAll(new RegExp(`^${margin}`, 'gm'), '')};
  });
});
const of = (...languages: string[]) => blocks.filter(({language}) => languages.includes(language));

/** Pages, or folders of pages, whose commands a test runs as they stand, or at addresses of its own, or whose requests it asks: which one. */
const ranBy: Readonly<Record<string, string>> = {
  'README.md': 'test/functional/demo.test.ts',
  'docs/day2.md': 'test/docs/day2.test.ts',
  'docs/start.md': 'test/docs/start.test.ts',
  'docs/runbooks': 'test/docs/runbooks.test.ts',
  'docs/upgrading.md': 'test/ship/docs.cluster.ts',
  'docs/guides/gateway.md': 'test/ship/guides.ship.ts',
  'docs/guides/sidecar.md': 'test/ship/guides.ship.ts',
  'docs/guides/istio.md': 'test/ship/guides.ship.ts',
  'docs/guides/envoy-gateway.md': 'test/ship/guides.ship.ts',
  'docs/guides/envoy.md': 'test/ship/guides.ship.ts',
  'docs/guides/mcp.md': 'test/functional/mcp.test.ts',
  'docs/guides/answers.md': 'test/answers/answers.test.ts',
  'docs/guides/frontier.md': 'test/vendors/frontierExample.test.ts',
  'docs/guides/api-keys.md': 'test/providers/apiKeys.test.ts',
  'docs/guides/ask.md': 'test/commands/diff.test.ts',
  'docs/entitlements.md': 'test/commands/entitlements.test.ts',
  'docs/operate.md': 'test/functional/revocations.test.ts',
  'helm/postern/README.md': 'test/ship/charts.cluster.ts',
};

/** Languages of examples that are pieces of programs: what holds them to the source. */
const pieces: Readonly<Record<string, string>> = {
  'docs/add-a-vendor.md': 'pieces of src/vendors/cognito, shortened; test/vendors/cognito.test.ts tries the whole',
  'docs/guides/answers.md': 'test/answers/answers.test.ts asks by the same SDK',
  'docs/guides/issuers.md': 'runs in ZITADEL, of which there is none here',
};

/** YAML that is neither settings nor entitlements: whose it is, and what tries it. */
const otherYaml: readonly (readonly [page: string, has: RegExp, why: string])[] = [
  [
    'helm/postern-sidecar/README.md',
    /^dependencies:/m,
    'examples/sidecar-app has it in place: test/ship/charts.ship.ts',
  ],
  ['docs/guides/sidecar.md', /^dependencies:/, 'examples/sidecar-app has it in place: test/ship/charts.ship.ts'],
  ['docs/guides/sidecar.md', /^# values\.yaml/, 'test/ship/guides.ship.ts installs with it'],
  ['docs/guides/sidecar.md', /^postern:\n {2}state:/, 'values of a chart: test/ship/charts.ship.ts, state'],
  ['docs/guides/gateway.md', /^state:\n {2}enabled:/, 'values of a chart: test/ship/charts.ship.ts, state'],
  ['docs/guides/api-keys.md', /^keys:/, 'shortened hash; the form is tried by test/providers/apiKeys.test.ts'],
  ['docs/guides/envoy.md', /^typed_per_filter_config:/, 'Envoy’s own; test/functional/settings.test.ts names rules so'],
  ['docs/guides/frontegg.md', /^sessionCookie:/, 'a setting of a provider: test/vendors/frontegg-postern.test.ts'],
  ['docs/guides/rate-limits.md', /^# limits\.yaml/, 'of envoyproxy/ratelimit: test/ship/rateLimits.ship.ts'],
  ['docs/guides/rate-limits.md', /^# the environment/, 'of envoyproxy/ratelimit: test/ship/rateLimits.ship.ts'],
];

type Keys = Readonly<Record<string, unknown>>;
const schema = JSON.parse(text('postern.schema.json')) as {properties: Keys; required?: unknown; $schema?: string};
const settingNames = new Set(Object.keys(schema.properties));
const ajv = new Ajv2020({strict: false, validateFormats: false, allErrors: true, logger: false});
const {required: _, ...fragment} = schema;
const isFragment = ajv.compile(fragment);
const isObject = (value: unknown): value is Keys =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A piece of settings as a whole: a list of rules or providers stands for itself. */
const asSettings = (value: unknown): Keys | undefined => {
  // Values of the chart hold them under `config`.
  if (isObject(value) && Object.keys(value).join() === 'config') return asSettings(value.config);
  if (isObject(value) && Object.keys(value).every((key) => settingNames.has(key))) return value;
  const items = Array.isArray(value) ? value.filter(isObject) : [];
  if (items.length === 0 || items.length !== (value as unknown[]).length) return undefined;
  if (items.every((item) => 'type' in item && 'name' in item)) return {providers: items};
  if (items.every((item) => 'name' in item && ['match', 'require', 'public', 'deny'].some((key) => key in item)))
    return {rules: items};
  return undefined;
};

const entitlementNames = ['features', 'plans', 'grants', 'flags'];
const isEntitlements = (value: unknown) =>
  isObject(value) && Object.keys(value).every((key) => entitlementNames.includes(key));
const isCases = (value: unknown) => isObject(value) && ('cases' in value || 'tokens' in value);

describe('blocks of code on pages', () => {
  for (const {at, page, code} of of('yaml'))
    it(`${at} is good YAML`, () => {
      for (const document of parseAllDocuments(code, {uniqueKeys: true})) {
        assert.deepEqual(document.errors, []);
        const value = document.toJS();
        const settings = asSettings(value);
        if (settings !== undefined) {
          isFragment(settings);
          assert.deepEqual(isFragment.errors ?? [], [], code);
          continue;
        }
        if (isEntitlements(value) || isCases(value)) continue;
        const known = otherYaml.some(([where, has]) => where === page && has.test(code));
        assert.ok(known, `neither settings nor entitlements, and not in the table:\n${code}`);
      }
    });

  for (const {at, code} of of('json'))
    it(`${at} is JSON`, () => {
      try {
        JSON.parse(code);
      } catch {
        for (const line of code.split('\n').filter(Boolean)) JSON.parse(line);
      }
    });

  const metrics = new Set([...text('docs/reference/metrics.md').matchAll(/\bpostern_\w+/g)].map(([name]) => name));
  for (const {at, code} of of('promql'))
    it(`${at} asks for metrics that there are`, () => {
      for (const [name] of code.matchAll(/\bpostern_\w+/g)) assert.ok(metrics.has(name), name);
    });

  /** The command that a line means, and what is left of its words. */
  const commandOf = (words: readonly string[]): readonly [Command, readonly string[]] => {
    let [at, rest] = [program as Command, words];
    for (;;) {
      const next = at.commands.find((one) => one.name() === rest[0]);
      if (next === undefined) return [at, rest];
      [at, rest] = [next, rest.slice(1)];
    }
  };
  const lines = of('', 'sh', 'console').flatMap(({at, code}) =>
    code
      .replaceAll(/\\\n\s*/g, ' ')
      .split('\n')
      .flatMap((line) => {
        const [, said] =
          /^(?:\$ )?(?:\w+=\$\()?(?:kubectl .* -- )?(?:npm run -s postern -- |postern )([^#|>)]*)/.exec(line) ?? [];
        return said === undefined ? [] : [{at, said: said.trim()}];
      }),
  );
  it('command lines of Postern are found', () => assert.ok(lines.length > 40, `${lines.length}`));
  for (const {at, said} of lines)
    it(`${at} postern ${said}`, () => {
      const words = (said.match(/'[^']*'|"[^"]*"|\S+/g) ?? []).filter((word) => word !== '&');
      const [command, rest] = commandOf(words);
      assert.ok(command.commands.length === 0 || rest.every((word) => /^(\[|-)/.test(word)), `no command ${said}`);
      const options = new Set([...command.options.flatMap(({short, long}) => [short, long]), '--help', '--version']);
      for (const word of rest) {
        const [option = ''] = /^--?[a-z][\w-]*/.exec(word) ?? [];
        if (option !== '') assert.ok(options.has(option), `${command.name()} has no ${option}`);
      }
    });

  it('all else is run by a test that is named, or says why not', () => {
    const shown = new Set(
      of('', 'sh', 'console', 'text')
        .map(({page}) => page)
        .filter((page) => !page.startsWith('docs/reference/')),
    );
    const onlyOwn = [...shown].filter((page) => {
      const foreign = of('', 'sh', 'console', 'text')
        .filter((block) => block.page === page)
        .flatMap(({code}) => code.split('\n').filter(Boolean))
        .filter((line) => !/^(export [A-Z_]+=|postern )/.test(line));
      return foreign.length === 0;
    });
    for (const page of [...shown].filter((one) => !onlyOwn.includes(one)))
      assert.ok(page in ranBy || dirname(page) in ranBy, `${page}: say what runs it`);
    for (const page of Object.keys(ranBy))
      assert.ok(
        [...shown].some((one) => one === page || dirname(one) === page),
        page,
      );
    for (const test of Object.values(ranBy)) assert.ok(existsSync(join(root, test)), test);
  });

  it('pieces of programs say what holds them', () => {
    const shown = new Set(of('ts', 'js').map(({page}) => page));
    assert.deepEqual([...shown].sort(), Object.keys(pieces).sort());
  });

  it('there is no other language, and no row for what is gone', () => {
    const known = ['yaml', 'json', 'promql', '', 'sh', 'console', 'text', 'ts', 'js'];
    assert.deepEqual(
      blocks.filter(({language}) => !known.includes(language)).map(({at}) => at),
      [],
    );
    for (const [page, has] of otherYaml)
      assert.ok(
        of('yaml').some((block) => block.page === page && has.test(block.code)),
        `${page} ${has}`,
      );
  });
});
