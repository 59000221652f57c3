// node scripts/install.mjs PROGRAM [ARGS]: makes node_modules fit package-lock.json, then runs the program by the Node that
// is in there. Plain JavaScript, because the Node that starts this (20.19 or newer) may be too old for the rest; and it
// starts the program itself, because a shell remembers where `node` was before the installation.
import {spawn, spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {delimiter} from 'node:path';
import {fileURLToPath} from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const node = `${root}node_modules/node/bin/node${process.platform === 'win32' ? '.exe' : ''}`;
const stamp = `${root}node_modules/.postern-lock`;
const fingerprint = () =>
  createHash('sha256')
    .update(readFileSync(`${root}package-lock.json`))
    .digest('hex');

/** Does what npm installed have the versions that the lock file names? (npm writes down what it installed.) */
const fits = () => {
  const installed = `${root}node_modules/.package-lock.json`;
  if (!existsSync(installed) || !existsSync(node)) return false;
  const have = JSON.parse(readFileSync(installed, 'utf8')).packages;
  const want = JSON.parse(readFileSync(`${root}package-lock.json`, 'utf8')).packages;
  return Object.entries(want).every(
    ([path, {version, optional}]) => path === '' || (optional && !have[path]) || have[path]?.version === version,
  );
};

const isStamped = () => existsSync(node) && existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint();

const install = () => {
  console.error('Installing what package-lock.json names (npm ci) ...');
  // npm gives its own path to the scripts that it runs; without it (node scripts/install.mjs) the one on PATH does.
  const [npm, ...first] = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm'];
  // `npm ci` installs the lock file to the letter; some registries lack packages of other platforms, over which it
  // stumbles and `npm install` does not.
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  const attempts = [
    ['ci', ...quiet],
    ['install', '--no-save', ...quiet],
  ];
  return attempts.some(
    (args) => spawnSync(npm, [...first, ...args], {cwd: root, stdio: ['ignore', 2, 2]}).status === 0,
  );
};

if (!isStamped()) {
  if (!fits() && !install()) {
    console.error(
      'npm could not install, see above. It needs a package registry that npm can reach (`npm config get registry`),\n' +
        'a folder that may be written, and Node 20.19 or newer (this is %s). Mend that, and run the command again.',
      process.version,
    );
    process.exit(1);
  }
  writeFileSync(stamp, fingerprint());
}

if (process.argv.length > 2) {
  const env = {...process.env, PATH: `${root}node_modules/.bin${delimiter}${process.env.PATH}`};
  const program = spawn(node, process.argv.slice(2), {stdio: 'inherit', env});
  // Ctrl-C reaches the program from the terminal; this process only waits for it to end.
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => program.kill(signal));
  program.on('close', (code) => process.exit(code ?? 1));
}
