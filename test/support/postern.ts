// Postern itself, as an operator runs it: the real command line in a process of its own.
import {mkdirSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parse, stringify} from 'yaml';
import {freePort, temporaryFolder} from './ports.ts';
import {type Running, start} from './processes.ts';

/** What `postern` runs. */
export const mainFile = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface PosternOptions {
  /** Files beside the configuration: `{'entitlements.yaml': '...'}`; objects are written as YAML. */
  readonly files?: Readonly<Record<string, string | object>>;
  readonly env?: NodeJS.ProcessEnv;
  /** Where it listens, if not on a free port: `unix:///...` or `127.0.0.1:port`. */
  readonly listen?: string;
  /** Do not wait until /readyz answers 200, only until it answers. */
  readonly unready?: boolean;
  /** Arguments of node before the program: `['--cpu-prof']`. */
  readonly nodeArgs?: readonly string[];
  /** More arguments of `serve`; `FOLDER` in them is the folder of the configuration. */
  readonly args?: readonly string[];
  /** A program and its arguments to run node with: `['taskset', '-c', '0']`. */
  readonly under?: readonly string[];
  /** The file that holds `configuration`, to be run where it is; it is not written. */
  readonly at?: string;
  /** Is told what it logs, as it comes. */
  readonly onOutput?: (text: string) => void;
  /** The main.ts of another tree than this one. */
  readonly program?: string;
}

export interface Postern {
  /** Where Check is answered: `127.0.0.1:port` or `unix:///path`. */
  readonly address: string;
  /** `http://127.0.0.1:port` of /metrics, /livez, /readyz. */
  readonly adminUrl: string;
  /** The folder of its configuration. */
  readonly folder: string;
  readonly process: Running;
  /** Everything it has logged so far. */
  logs(): string;
  /** The value of a series, by its name and labels as they stand in /metrics: `postern_circuit_state{dependency="redis"}`. */
  metric(series: string): Promise<number | undefined>;
  /** SIGTERM; answers the exit code. */
  stop(): Promise<number | NodeJS.Signals>;
}

/** The part of a configuration that says where Postern is reached. */
interface Listening {
  readonly server?: {readonly listen?: string | readonly string[]};
  readonly admin?: {readonly listen?: string};
}

/** Writes files into a folder, objects as YAML. */
export const writeFiles = (folder: string, files: Readonly<Record<string, string | object>>): void => {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), {recursive: true});
    writeFileSync(path, typeof content === 'string' ? content : stringify(content));
  }
};

/** Runs the command line until it ends: `runPostern(['validate', '-c', file])`. */
export const runPostern = async (
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  program = mainFile,
  cwd = process.cwd(),
): Promise<{code: number | NodeJS.Signals; output: string}> => {
  const postern = await start({
    name: 'postern',
    command: process.execPath,
    args: [program, ...args],
    env: {...process.env, ...env},
    cwd,
  });
  return {code: await postern.ended, output: postern.output()};
};

/** On a connection of its own: one that was kept is closed by the server at the very moment at which it is used again. */
export const alone = {headers: {connection: 'close'}};

/**
 * Starts `postern serve` with a configuration (settings, or the text of postern.yaml) and waits until it is ready. As
 * settings, `server.listen` and `admin.listen` get free ports unless given; a text is run as it stands. Rejects with its log if it ends.
 */
export const startPostern = async (
  configuration: Readonly<Record<string, unknown>> | string,
  options: PosternOptions = {},
): Promise<Postern> => {
  const folder = options.at === undefined ? temporaryFolder() : dirname(options.at);
  const isText = typeof configuration === 'string';
  const given: Listening = isText ? parse(configuration) : configuration;
  // A text is run as it stands, so what it does not say is what Postern's own defaults are.
  const listen = [given.server?.listen ?? []].flat()[0];
  const address = listen ?? (isText ? '127.0.0.1:9191' : (options.listen ?? `127.0.0.1:${await freePort()}`));
  const admin = given.admin?.listen ?? (isText ? '127.0.0.1:9190' : `127.0.0.1:${await freePort()}`);
  const completed = {...given, server: {listen: address, ...given.server}, admin: {...given.admin, listen: admin}};
  const text = isText ? configuration : stringify(completed);
  if (options.at === undefined) writeFiles(folder, {'postern.yaml': text, ...options.files});

  const adminUrl = `http://${admin}`;
  const [command = '', ...args] = [
    ...(options.under ?? []),
    process.execPath,
    ...(options.nodeArgs ?? []),
    options.program ?? mainFile,
    'serve',
    '-c',
    options.at ?? join(folder, 'postern.yaml'),
    ...(options.args ?? []).map((word) => word.replace('FOLDER', folder)),
  ];
  const postern = await start({
    name: 'postern',
    command,
    args,
    env: {...process.env, ...options.env},
    ...(options.onOutput && {onOutput: options.onOutput}),
    ready: async () => {
      const {status} = await fetch(`${adminUrl}/readyz`, alone);
      return status === 200 || options.unready === true;
    },
  });
  return {
    address,
    adminUrl,
    folder,
    process: postern,
    logs: () => postern.output(),
    metric: async (series) => {
      const lines = (await (await fetch(`${adminUrl}/metrics`, alone)).text()).split('\n');
      const line = lines.find((one) => one.startsWith(`${series} `));
      return line === undefined ? undefined : Number(line.slice(series.length + 1));
    },
    stop: () => postern.stop(15_000),
  };
};
