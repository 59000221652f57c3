// A program in Go, built here: that takes minutes the first time.
import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';

const run = promisify(execFile);

export interface GoModule {
  /** What is built, and the module that it is in. */
  readonly package: string;
  readonly module: string;
  readonly version: string;
  /** The module's source, where the Go module proxy does not have it under its own name. */
  readonly source?: string;
  /** A module of this repository, with go.mod and go.sum, which makes a program of others' parts. */
  readonly folder?: string;
  readonly linkerFlags?: string;
}

/** Builds a Go program into `folder` and answers where it is. */
export const fromGo = async (wanted: GoModule, folder: string): Promise<string> => {
  const {module, version, source, linkerFlags = ''} = wanted;
  const program = join(folder, 'program');
  const build = ['build', '-trimpath', '-ldflags', `-s -w ${linkerFlags}`, '-o', program, wanted.package];
  if (wanted.folder !== undefined) {
    const cwd = fileURLToPath(new URL(`../../${wanted.folder}`, import.meta.url));
    const env = {...process.env, GOFLAGS: '-mod=readonly', GOWORK: 'off'};
    await run('go', build, {cwd, env, timeout: 1_800_000, maxBuffer: 1 << 26});
    return program;
  }
  const replace = source === undefined ? [] : [`-replace=${module}@${version}=${source}@${version}`];
  const env = {...process.env, GOFLAGS: '-mod=mod', GOWORK: 'off'};
  const go = (...args: string[]) => run('go', args, {cwd: folder, env, timeout: 900_000, maxBuffer: 1 << 26});
  await go('mod', 'init', 'tool');
  await go('mod', 'edit', `-require=${module}@${version}`, ...replace);
  await go(...build);
  return program;
};
