// The program of the image, built here: one file, V8's compiled code beside it, the flags and variables of deploy/Dockerfile.
import {execFileSync} from 'node:child_process';
import {existsSync, readdirSync, symlinkSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {environment, imageFlags} from '../../src/launch.ts';
import type {PosternOptions} from '../../test/support/postern.ts';
import {onServerCore} from './cores.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const imageUser = '65532';

/** Builds it into a folder, unless it is there. */
export const build = (folder: string): void => {
  if (existsSync(join(folder, 'compiled'))) return;
  execFileSync('sh', [join(root, 'deploy/image.sh'), 'program', '.', folder], {cwd: root, stdio: 'ignore'});
  // V8 looks for what the user of the process has compiled, and here that is another one than in the image.
  const compiled = join(folder, 'compiled');
  for (const name of readdirSync(compiled)) {
    const own = name.replace(new RegExp(`-${imageUser}$`), `-${process.getuid?.()}`);
    if (!existsSync(join(compiled, own))) symlinkSync(name, join(compiled, own));
  }
};

/** How the image runs it. */
export const asImage = (folder: string) =>
  ({
    under: onServerCore,
    nodeArgs: imageFlags,
    env: {
      ...environment,
      NODE_ENV: 'production',
      NODE_COMPILE_CACHE: join(folder, 'compiled'),
      NODE_COMPILE_CACHE_PORTABLE: '1',
    },
    program: join(folder, 'dist/src/main.js'),
  }) satisfies PosternOptions;
