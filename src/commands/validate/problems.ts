// How problems of a configuration are shown: to a person with the line and a caret, to programs as JSON or SARIF.
import type {ConfigError} from '../../config/load.ts';
import {version} from '../../version.ts';
import type {Examined} from '../../wiring/doctor/examined.ts';

export interface Problem extends ConfigError {
  readonly severity: 'error' | 'warning';
}

/** `file:line:column: error: setting: what is wrong`, and the line of the file below. */
export const asText = (problems: readonly Problem[], text: string): string => {
  const lines = text.split('\n');
  return problems.map((problem) => `${headOf(problem)}\n${excerpt(problem, lines)}`).join('');
};

const headOf = ({file, line, column, path, message, severity}: Problem): string =>
  `${file}:${line}:${column}: ${severity}: ${path === '' ? '' : `${path}: `}${message}`;

const longestLine = 160;

const excerpt = ({line, column}: Problem, lines: readonly string[]): string => {
  const shown = withoutValues(lines, line - 1);
  if (shown.trim() === '') return '';
  const start = column > longestLine - 20 ? column - 40 : 0;
  const number = String(line).padStart(5);
  // Tabs stay tabs, so that the caret stands below its character.
  const before = shown.slice(start, column - 1).replace(/[^\t]/g, ' ');
  return `${number} | ${shown.slice(start, start + longestLine)}\n${' '.repeat(5)} | ${before}^\n`;
};

const scalar = /\$\{[^}]*\}|"[^"]*"|'[^']*'|[^\s,[\]{}]+/g;
/** A setting that may be secret, and its value: one, or a list on the same line. */
const maySecret =
  /((?:secret|token|password|key)\w*["']?\s*:\s+)(\[(?:"[^"]*"|'[^']*'|[^\]])*|"[^"]*"|'[^']*'|[^\s,}\]]+)/gi;
const opensSecrets = /(?:secret|token|password|key)\w*["']?\s*:\s*(?:#.*)?$/i;
const item = /^(\s*- +)(.*)$/;

/** By one character for each; what names a secret without being it, stays. */
const starred = (value: string): string => (/^["']?\$\{[^}]*\}["']?$/.test(value) ? value : '*'.repeat(value.length));

/** A log keeps what is printed: values of settings that may be secret are starred out. */
const withoutValues = (lines: readonly string[], at: number): string => {
  const line = lines[at] ?? '';
  const [, begin = '', value = ''] = item.exec(line) ?? [];
  if (begin !== '' && opensSecrets.test(ownerOf(lines, at))) return begin + value.replace(scalar, starred);
  return line
    .replace(maySecret, (whole, name, value) => {
      if (value.startsWith('{')) return whole;
      return name + (value.startsWith('[') ? value.replace(scalar, starred) : starred(value));
    })
    .replace(/(\/\/)([^/@\s]+)(@)/g, (_, slashes, user, at) => slashes + '*'.repeat(user.length) + at);
};

/** The line above that the items of a list belong to. */
const ownerOf = (lines: readonly string[], at: number): string => {
  const depth = (line: string): number => line.search(/\S/);
  const own = depth(lines[at] ?? '');
  for (let above = at - 1; above >= 0; above--) {
    const line = lines[above] ?? '';
    const isOwner = depth(line) >= 0 && depth(line) <= own && !/^\s*(#|- )/.test(line);
    if (isOwner) return line;
  }
  return '';
};

/** `online`: what was tried; absent where nothing was. */
export const asJson = (problems: readonly Problem[], online?: readonly Examined[]): string => {
  const good = problems.every(({severity}) => severity !== 'error') && !online?.some(({state}) => state === 'bad');
  return `${JSON.stringify({good, problems, ...(online && {online})}, null, 2)}\n`;
};

const signs = {good: '✓', doubtful: '!', bad: '✗'} as const;

/** A line for each part that was tried, what is wrong at the end, where it is seen. */
export const asLines = (examined: readonly Examined[]): string =>
  (['good', 'doubtful', 'bad'] as const)
    .flatMap((state) => examined.filter((one) => one.state === state))
    .map(({state, part, detail}) => `${signs[state]} ${state.padEnd(8)}  ${part}: ${detail}\n`)
    .join('');

/** SARIF 2.1.0, which CI systems show beside the lines of a change. */
export const asSarif = (problems: readonly Problem[]): string => {
  const results = problems.map(({file, line, column, path, message, severity}) => ({
    level: severity,
    ruleId: 'configuration',
    message: {text: path === '' ? message : `${path}: ${message}`},
    locations: [{physicalLocation: {artifactLocation: {uri: file}, region: {startLine: line, startColumn: column}}}],
  }));
  const driver = {name: 'postern validate', version, rules: [{id: 'configuration'}]};
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{tool: {driver}, results}],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
};
