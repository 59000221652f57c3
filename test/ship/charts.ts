// Renders charts as Helm does, and reads what comes out.
import {execFile} from 'node:child_process';
import {cpSync, mkdirSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {parseAllDocuments, stringify} from 'yaml';
import {temporaryFolder} from '../support/ports.ts';
import {tool} from '../support/tools.ts';

const run = promisify(execFile);
export const root = fileURLToPath(new URL('../..', import.meta.url));

export type HelmName = 'helm' | 'helm-3';
export const helms: readonly HelmName[] = ['helm', 'helm-3'];

/** A manifest of Kubernetes, as far as tests look into it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
  readonly spec?: any;
  readonly data?: Readonly<Record<string, string>>;
}

/** The manifests in a text of several documents. Throws if one cannot be read or says a key twice. */
export const manifestsOf = (text: string): Manifest[] =>
  parseAllDocuments(text, {uniqueKeys: true}).flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    const manifest = document.toJS() as Manifest | null;
    return manifest === null ? [] : [manifest];
  });

/** The one manifest of a kind (and name). Throws if there is none, or more than one. */
export const only = (manifests: readonly Manifest[], kind: string, name?: string): Manifest => {
  const found = manifests.filter((one) => one.kind === kind && (name === undefined || one.metadata.name === name));
  const [first] = found;
  if (first === undefined || found.length > 1) throw new Error(`${found.length} of ${kind} ${name ?? ''}, not one`);
  return first;
};

const made = new Map<string, Promise<string>>();

/**
 * The folder of a chart. Charts with dependencies are copied with theirs beside them, so that no test writes into the
 * checkout.
 */
export const chartFolder = (chart: string): Promise<string> => {
  const present = made.get(chart) ?? makeChartFolder(chart);
  made.set(chart, present);
  return present;
};

const makeChartFolder = async (chart: string): Promise<string> => {
  if (chart === 'helm/postern') return join(root, chart);
  const copy = temporaryFolder();
  cpSync(join(root, chart), join(copy, chart), {recursive: true});
  cpSync(join(root, 'helm/postern-sidecar'), join(copy, 'helm/postern-sidecar'), {recursive: true});
  rmSync(join(copy, chart, 'charts'), {recursive: true, force: true});
  rmSync(join(copy, chart, 'Chart.lock'), {force: true});
  await run(await tool('helm'), ['dependency', 'build', join(copy, chart)], {env: quiet(copy)});
  return join(copy, chart);
};

/** Helm without the settings, repositories and cluster of whoever runs the tests. */
const quiet = (home: string): NodeJS.ProcessEnv => ({PATH: process.env.PATH, HOME: home, KUBECONFIG: '/dev/null'});

/** Values as a file for `-f`. */
const valuesFile = (values: object): string => {
  const file = join(temporaryFolder(), 'values.yaml');
  writeFileSync(file, stringify(values));
  return file;
};

export interface Rendering {
  readonly helm?: HelmName;
  /** Values, or paths of files with values. */
  readonly values?: readonly (string | object)[];
  readonly kubernetes?: string;
  readonly release?: string;
}

/** Runs Helm on a chart. Answers its exit code and what it printed. */
export const helm = async (
  command: readonly string[],
  chart: string,
  {helm: name = 'helm', values = [], kubernetes = '1.33.0'}: Rendering = {},
): Promise<{code: number; output: string; printed: string}> => {
  const files = values.flatMap((value) => ['-f', typeof value === 'string' ? value : valuesFile(value)]);
  const home = temporaryFolder();
  mkdirSync(home, {recursive: true});
  const args = [...command, await chartFolder(chart), '--kube-version', kubernetes, ...files];
  return run(await tool(name), args, {env: quiet(home), maxBuffer: 1 << 26}).then(
    ({stdout, stderr}) => ({code: 0, output: stdout, printed: stdout + stderr}),
    (error: {code?: number; stdout?: string; stderr?: string; message: string}) => ({
      code: error.code ?? 1,
      output: error.stdout ?? '',
      printed: (error.stdout ?? '') + (error.stderr ?? error.message),
    }),
  );
};

/** What `helm template` makes of a chart. Rejects with its words if it refuses. */
export const render = async (chart: string, options: Rendering = {}): Promise<Manifest[]> => {
  const {release = 'shop'} = options;
  const {code, output, printed} = await helm(['template', release, '--namespace', 'shop'], chart, options);
  if (code !== 0) throw new Error(printed);
  return manifestsOf(output);
};

/** The files with values in a chart's folder `ci`. */
export const ciValues = (chart: string): string[] =>
  readdirSync(join(root, chart, 'ci')).map((name) => join(root, chart, 'ci', name));
