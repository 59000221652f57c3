// The image without a container engine: its file system put together by deploy/image.sh, its settings read from the Dockerfile.
import {execFile, execFileSync} from 'node:child_process';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {temporaryFolder} from '../support/ports.ts';
import {root} from './charts.ts';

const run = promisify(execFile);

export interface Image {
  /** The folder that is `/`. */
  readonly root: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly user: {readonly uid: number; readonly gid: number};
}

/** The lines of the Dockerfile's last stage: instruction and rest, continued lines joined. */
export const lastStage = (): [string, string][] => {
  const lines = readFileSync(join(root, 'deploy/Dockerfile'), 'utf8')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line): [string, string] => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1).trim()]);
  return lines.slice(lines.findLastIndex(([instruction]) => instruction === 'FROM'));
};

const all = (instruction: string): string[] =>
  lastStage().flatMap(([one, rest]) => (one === instruction ? [rest] : []));
const said = (instruction: string): string => all(instruction).at(-1) ?? '';

let assembled: Promise<Image> | undefined;

/** Puts the image together, once a run; takes some ten seconds. */
export const image = (): Promise<Image> => {
  assembled ??= assemble();
  return assembled;
};

const assemble = async (): Promise<Image> => {
  const folder = temporaryFolder();
  const script = join(root, 'deploy/image.sh');
  // npm runs by whichever Node is there: what it starts must not take this run's settings for its own.
  const env = {PATH: process.env.PATH, HOME: process.env.HOME};
  await run('sh', [script, 'runtime', process.execPath, folder], {env});
  await run('sh', [script, 'program', root, join(folder, 'app')], {env, timeout: 300_000});
  await run('sh', [script, 'command', folder], {env});
  // Where volumes are mounted: a container engine makes these in a layer of its own.
  for (const path of ['etc/postern', 'run/postern', 'run/secrets/postern', 'run/secrets/postern-tls', 'test']) {
    mkdirSync(join(folder, path), {recursive: true});
  }
  writeFileSync(join(folder, 'etc/hosts'), '');
  const [uid = 0, gid = 0] = said('USER').split(':').map(Number);
  return {
    root: folder,
    entrypoint: JSON.parse(said('ENTRYPOINT')),
    command: JSON.parse(said('CMD')),
    env: Object.fromEntries(
      all('ENV')
        .flatMap((line) => line.split(' '))
        .map((one) => one.split('=')),
    ),
    user: {uid, gid},
  };
};

/** Megabytes of files below a path of the image. */
export const megabytes = (path: string): number =>
  Number(execFileSync('du', ['-s', '--apparent-size', '-k', path], {encoding: 'utf8'}).split('\t')[0]) / 1024;
