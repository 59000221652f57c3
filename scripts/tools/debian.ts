// A program in a Debian package.
import {execFile} from 'node:child_process';
import {readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';

const run = promisify(execFile);

/** A Debian package, fetched and unpacked, or installed where it needs the libraries around it. */
export interface DebianPackage {
  readonly package: string;
  readonly program: string;
  readonly install: boolean;
}

/** Fetches a Debian package and answers where its program is. */
export const fromDebian = async (wanted: DebianPackage, folder: string): Promise<string> => {
  const isRoot = process.getuid?.() === 0;
  if (isRoot) await run('apt-get', ['-qq', 'update'], {timeout: 120_000});
  if (wanted.install) {
    if (!isRoot) throw new Error(`installing the package ${wanted.package} needs root`);
    const env = {...process.env, DEBIAN_FRONTEND: 'noninteractive'};
    await run('apt-get', ['-qq', 'install', '--yes', '--no-install-recommends', wanted.package], {
      timeout: 600_000,
      env,
    });
    return wanted.program;
  }
  await run('apt-get', ['-qq', 'download', wanted.package], {timeout: 300_000, cwd: folder});
  const [file] = (await readdir(folder)).filter((name) => name.endsWith('.deb'));
  await run('dpkg', ['-x', `${file}`, folder], {cwd: folder});
  return join(folder, wanted.program);
};
