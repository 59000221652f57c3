// Completes package-lock.json after a dependency was added: `node scripts/complete-lock.mjs` (`--check`: only says
// whether it is complete).
//
// A package that ships a binary for each platform lists all of them as optional dependencies. npm writes into the lock
// file only those that the registry of the moment answers for, and `npm ci` then refuses the file because the others are
// missing. Their names tell all that npm needs to know to pass over them on another platform.
import {readFileSync, writeFileSync} from 'node:fs';

const file = new URL('../package-lock.json', import.meta.url);
const systems = new Set(['android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'win32']);
const processors = new Set([
  'arm',
  'arm64',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'wasm32',
  'x64',
]);

const entryOf = (name, version, dev) => {
  const parts = name.split(/[/-]/);
  const os = parts.find((part) => systems.has(part));
  const cpu = parts.find((part) => processors.has(part));
  if (cpu === undefined) throw new Error(`${name} is missing from the lock file and names no platform: npm install it`);
  const libc = parts.some((part) => part.startsWith('musl'))
    ? 'musl'
    : parts.some((part) => part.startsWith('gnu')) && 'glibc';
  return {version, cpu: [cpu], ...(dev && {dev}), ...(libc && {libc: [libc]}), optional: true, ...(os && {os: [os]})};
};

const before = readFileSync(file, 'utf8');
const lock = JSON.parse(before);
for (const [where, {optionalDependencies = {}, dev}] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const isThere = [`${where}/node_modules/${name}`, `node_modules/${name}`].some((path) => path in lock.packages);
    if (!isThere && /^\d/.test(version)) lock.packages[`node_modules/${name}`] = entryOf(name, version, dev);
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([one], [other]) => (one < other ? -1 : 1)));
const completed = `${JSON.stringify(lock, null, 2)}\n`;
if (!process.argv.includes('--check')) writeFileSync(file, completed);
else if (completed !== before) {
  console.error('package-lock.json lacks packages of other platforms: run node scripts/complete-lock.mjs');
  process.exitCode = 1;
}
