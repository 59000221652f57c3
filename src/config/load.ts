// Reads the configuration file: text, placeholders, checks; every error at once, each with its place. The only reader of
// process.env.
import {createHash} from 'node:crypto';
import {dirname, resolve} from 'node:path';
import {type Advise, servingAdvice} from './advice.ts';
import {type Finding, keyOfPath, pathText, valueAt} from './findings.ts';
import {foreignVariable, foreignVariables} from './foreignVariables.ts';
import {otherKind} from './otherKind.ts';
import {checkSettings, type Settings} from './schema.ts';
import {secretsIn, withoutSecrets, writtenSecrets} from './schemaDocument.ts';
import {markOf, type Sources} from './sources.ts';
import {type Origins, type Outside, substitute, withoutOrigins, withoutTexts} from './substitute.ts';
import {readSecret, readText, type Text} from './texts.ts';
import {readYaml, type YamlFile} from './yamlFile.ts';

/** One thing that is wrong with the configuration. Holds no value that came from outside the file. */
export interface ConfigError {
  /** As it was asked for. */
  readonly file: string;
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
  /** `providers[0].audience`; '' for the file as a whole. */
  readonly path: string;
  /** What is wrong, and what to do. */
  readonly message: string;
  /** Of a warning: whether it is as bad as an error. */
  readonly severity?: 'error' | 'warning';
}

/** What loading comes to. `sources`: the file itself and those that `${file:...}` names; a change of one is a change. */
export type Loaded = Checked & {readonly sources: Sources};

/** What the text of a configuration comes to. */
export type Checked =
  | {
      readonly settings: Settings;
      /** SHA-256 of the settings without secrets, in hex: equal configurations have equal hashes. */
      readonly settingsHash: string;
      /** The secrets among them, for the log to leave out. */
      readonly secrets: readonly string[];
      /** Allowed, and yet hardly meant. */
      readonly warnings: readonly ConfigError[];
      readonly errors?: never;
    }
  | {readonly errors: readonly ConfigError[]; readonly settings?: never};

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Loads the configuration. Never rejects: what is wrong is in `errors`, all of it.
 *
 * @param file path of the YAML file; relative paths in it start at its folder
 * @param environment what `${NAME}` stands for
 * @param advise what is allowed and yet hardly meant: `servingAdvice` costs little, `review` says all of it
 */
export const loadSettings = async (
  file: string,
  environment: Environment = process.env,
  advise: Advise = servingAdvice,
): Promise<Loaded> => {
  // Before anything is read: what changes in between is then seen as a change.
  const before = await markOf(file);
  const loaded = await loadText(file, await readText(file), advise, environment);
  return {...loaded, sources: new Map([...loaded.sources, [file, before]])};
};

/** The same of a text that has been read already. */
export const loadText = async (
  file: string,
  text: Text,
  advise: Advise,
  environment: Environment = process.env,
): Promise<Loaded> => {
  const sources = new Map<string, string>();
  if ('fault' in text) return {errors: [{file, line: 1, column: 1, path: '', message: text.fault}], sources};
  const folder = dirname(resolve(file));
  const outside = {
    variable: (name: string) => (Object.hasOwn(environment, name) ? environment[name] : undefined),
    readFile: async (shown: string) => {
      const path = resolve(folder, shown);
      sources.set(path, await markOf(path));
      return readSecret(path, shown);
    },
    resolve: (path: string) => resolve(folder, path),
  };
  return {...(await checkText(text.text, file, outside, advise)), sources};
};

/** The variable that names a proxy for everybody else, and is not looked at here; undefined: there is none. */
export const ignoredProxy = (environment: Environment = process.env): string | undefined =>
  ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'].find(
    (name) => environment[name],
  );

/** The variables by which OpenTelemetry is asked for, and told what to do. */
export const openTelemetryVariables = (environment: Environment = process.env): Environment =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => name.startsWith('OTEL_')));

/** Checks the text of a configuration. `file` is its name in errors. Never rejects, if `outside` never does. */
export const checkText = async (
  text: string,
  file: string,
  outside: Outside & {resolve(path: string): string},
  advise: Advise = servingAdvice,
): Promise<Checked> => {
  const yaml = readYaml(text);
  const faults = yaml.faults.map(({line, column, path, message}) => ({
    file,
    line,
    column,
    path: pathText(path),
    message,
  }));
  if (yaml.value === undefined) return {errors: inOrder(faults)};

  const other = otherKind(yaml.value, 'configuration');
  if (other !== undefined) return {errors: [{file, line: 1, column: 1, path: '', message: other}]};

  const {value: filled, origins, findings: unfilled} = await substitute(yaml.value, outside);
  const told = (findings: readonly Finding[]): readonly ConfigError[] =>
    findings.map((finding) => located(finding, file, yaml, origins));
  const missing = told(unfilled);
  const lost = yaml.faults.map(({path}) => path).filter((path) => valueAt(yaml.value, path) === undefined);
  const unread = [...unfilled.map(({path}) => path), ...lost];
  let value = filled;
  let checked = checkSettings(value, outside.resolve, unread);
  // Ends: each round makes another of the texts from outside something else.
  while (checked.findings !== undefined) {
    const read = withoutTexts(value, checked.findings, origins);
    if (read === undefined) break;
    value = read;
    checked = checkSettings(value, outside.resolve, unread);
  }
  if (checked.findings !== undefined) return {errors: inOrder([...faults, ...missing, ...told(checked.findings)])};
  if (faults.length > 0 || missing.length > 0) return {errors: inOrder([...faults, ...missing])};
  return {
    settings: checked.settings,
    settingsHash: createHash('sha256')
      .update(JSON.stringify(withoutSecrets(yaml.value)))
      .digest('hex'),
    secrets: secretsIn(value),
    warnings: inOrder(
      told(
        await advise(checked.settings, {
          secrets: () => writtenSecrets(yaml.value),
          foreignVariables: () => foreignVariables(yaml.value),
        }),
      ),
    ),
  };
};

/** `file:line:column: setting.path: what is wrong; what to do`, one line each. */
export const formatErrors = (errors: readonly ConfigError[]): string =>
  errors
    .map(
      ({file, line, column, path, message}) => `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`,
    )
    .join('\n');

const located = (finding: Finding, file: string, yaml: YamlFile, origins: Origins): ConfigError => {
  const written = origins.at.get(keyOfPath(finding.path));
  const message = withoutOrigins(finding.message, origins) + variableHint(finding, yaml);
  return {
    file,
    ...yaml.placeOf(finding),
    path: pathText(finding.path),
    ...(finding.severity !== undefined && {severity: finding.severity}),
    message:
      written === undefined || message.includes(written) ? message : `${message} (its value is that of ${written})`,
  };
};

/** Of a text that is wrong and looks like a variable: how one is written here. */
const variableHint = ({path, at}: Finding, yaml: YamlFile): string => {
  const name = at === 'value' ? foreignVariable(valueAt(yaml.value, path)) : undefined;
  return name === undefined ? '' : `; a variable is written \${${name}}`;
};

const inOrder = (errors: readonly ConfigError[]): readonly ConfigError[] =>
  [...errors].sort((one, other) => one.line - other.line || one.column - other.column);
