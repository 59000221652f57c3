// Makes node_modules fit package-lock.json before anything else runs. Plain JavaScript, because the Node that starts it
// (20.19 or newer) may be too old for the rest: the Node that the project wants is itself one of the packages.
import {spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = `${root}node_modules/.postern-lock`;
const fingerprint = () =>
  createHash('sha256')
    .update(readFileSync(`${root}package-lock.json`))
    .digest('hex');

/** Does what npm installed have the versions that the lock file names? (npm writes down what it installed.) */
const fits = () => {
  const installed = `${root}node_modules/.package-lock.json`;
  if (!existsSync(installed) || !existsSync(`${root}node_modules/.bin/node`)) return false;
  const have = JSON.parse(readFileSync(installed, 'utf8')).packages;
  const want = JSON.parse(readFileSync(`${root}package-lock.json`, 'utf8')).packages;
  return Object.entries(want).every(
    ([path, {version, optional}]) => path === '' || (optional && !have[path]) || have[path]?.version === version,
  );
};

const isStamped = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint();

if (!isStamped() || !existsSync(`${root}node_modules/.bin/node`)) {
  if (!fits()) {
    console.error('Installing what package-lock.json names (npm ci) ...');
    // npm gives its own path to the scripts that it runs; without it (node scripts/install.mjs) the one on PATH does.
    const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm'];
    // `npm ci` installs the lock file to the letter; some registries lack packages of other platforms, over which it
    // stumbles and `npm install` does not.
    const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
    const attempts = [
      ['ci', ...quiet],
      ['install', '--no-save', ...quiet],
    ];
    const done = attempts.some((args) => {
      const [command, ...first] = npm;
      return spawnSync(command, [...first, ...args], {cwd: root, stdio: ['ignore', 2, 2]}).status === 0;
    });
    if (!done) {
      console.error(
        'npm could not install, see above. It needs a package registry that npm can reach (`npm config get registry`),\n' +
          'a folder that may be written, and Node 20.19 or newer (this is %s). Mend that, and run the command again.',
        process.version,
      );
      process.exit(1);
    }
  }
  writeFileSync(stamp, fingerprint());
}
