// The program of the image as one file, with what V8 makes of it beside: it
// starts in less time, and takes less memory.
//   node deploy/bundle.mjs FOLDER    FOLDER holds dist/, node_modules/ and protos/; dist/ is replaced
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {builtinModules} from 'node:module';
import {tmpdir} from 'node:os';
import {dirname, join, relative, resolve} from 'node:path';
import {pathToFileURL} from 'node:url';
import {build} from 'esbuild';

const folder = resolve(process.argv[2]);
const source = join(folder, 'dist/src');
const target = join(folder, 'bundled');
/** Of Node, as deploy/Dockerfile has them: what is compiled depends on them. */
const {imageFlags: flags} = await import(pathToFileURL(join(source, 'launch.js')).href);
const user = 65_532;

/** Threads are programs of their own. */
const entries = ['main.js', 'config/asideThread.js', 'wiring/asideThread.js'];

/** What a file says of its own place stays true of the place where it was. */
const ownPlaces = (entry) => ({
  name: 'own places',
  setup({onLoad}) {
    onLoad({filter: /dist\/src\/.*\.js$/}, ({path}) => {
      const from = `./${relative(dirname(join(source, entry)), path)}`;
      const contents = readFileSync(path, 'utf8')
        // What is loaded late is in the file, too: a `require` of its own would be looked for among the packages.
        .replaceAll('const require = createRequire(import.meta.url);', '')
        .replaceAll('import.meta.url', `new URL('${from}', import.meta.url).href`);
      return {contents, loader: 'js'};
    });
  },
});

/** Zod speaks fifty languages, of which English alone is ever asked for. */
const english = {
  name: 'english',
  setup({onLoad}) {
    onLoad({filter: /zod\/v4\/locales\/index\.js$/}, () => ({
      contents: "export {default as en} from './en.js';",
      loader: 'js',
    }));
  },
};

/** The exporter of spans by gRPC asks for the library at run time, by a `require` that a bundler does not know for one. */
const exporter = {
  name: 'exporter',
  setup({onLoad}) {
    onLoad({filter: /otlp-grpc-exporter-base\/dist\/.*\.mjs$/}, ({path}) => ({
      contents: readFileSync(path, 'utf8').replace(/\b__require\(/g, 'require('),
      loader: 'js',
    }));
  },
};

/**
 * Node's own modules, not by `import`: that looks at all that a module has, and http has a WebSocket, for which Node then loads
 * an HTTP client of its own.
 */
const builtins = {
  name: 'builtins',
  setup({onResolve, onLoad}) {
    onResolve({filter: /.*/}, ({path, kind}) => {
      const name = path.replace(/^node:/, '');
      if (!kind.startsWith('import') || !builtinModules.includes(name)) return undefined;
      return {path: name, namespace: 'builtin'};
    });
    onLoad({filter: /.*/, namespace: 'builtin'}, ({path}) => ({
      contents: `module.exports = process.getBuiltinModule('node:${path}')`,
      loader: 'js',
    }));
  },
};

/** The version is read once, now. */
const version = {
  name: 'version',
  setup({onLoad}) {
    const {version} = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    onLoad({filter: /dist\/src\/version\.js$/}, () => ({
      contents: `export const version = '${version}';`,
      loader: 'js',
    }));
  },
};

// Packages that are CommonJS ask for `require` and for their place.
const banner = `import {createRequire as makeRequire} from 'node:module';
const require = makeRequire(import.meta.url);`;

const used = new Set();
for (const entry of entries) {
  const {metafile} = await build({
    entryPoints: [join(source, entry)],
    outfile: join(target, entry),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    // Readable where a stack trace points: nothing is renamed. Comments and blanks are left out, for V8 holds the whole text:
    // a single dash of a comment that is not of Latin-1 made it take two bytes a character, 8 MiB more.
    minifyWhitespace: true,
    lineLimit: 160,
    charset: 'ascii',
    // Comments that are licences are beside.
    legalComments: 'external',
    keepNames: false,
    metafile: true,
    banner: {js: banner},
    define: {__dirname: 'import.meta.dirname', __filename: 'import.meta.filename'},
    plugins: [builtins, version, english, exporter, ownPlaces(entry)],
    logLevel: 'warning',
  });
  for (const path of Object.keys(metafile.inputs)) {
    const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path) ?? [];
    if (name !== undefined) used.add(name);
  }
}
rmSync(join(folder, 'dist'), {recursive: true});
mkdirSync(join(folder, 'dist'));
renameSync(target, source);

// Of the packages stays what lawyers and scanners read: licences, names and versions.
const packages = join(folder, 'node_modules');
for (const path of readdirSync(packages, {recursive: true, withFileTypes: true})) {
  if (path.isDirectory()) continue;
  const own = relative(packages, path.parentPath);
  const kept = used.has(own) && /^(licen[cs]e|notice|copying|package\.json)/i.test(path.name);
  if (!kept) rmSync(join(path.parentPath, path.name));
}

/**
 * What V8 has compiled by the time that the program is ready is kept for its next start: it is found by the flags of
 * Node (deploy/Dockerfile) and the number of its user, and where it does not fit it is not used.
 */
const keepCompiled = async () => {
  const trial = mkdtempSync(join(tmpdir(), 'postern-'));
  const cache = join(folder, 'compiled');
  writeFileSync(join(trial, 'entitlements.yaml'), '{features: {a: {}}, plans: {b: {features: [a]}}, grants: []}');
  writeFileSync(
    join(trial, 'postern.yaml'),
    `server: {listen: 'unix://${trial}/check.sock'}
admin: {listen: '127.0.0.1:0'}
providers: [{name: a, type: oidc, issuer: 'http://127.0.0.1:1', audience: [a]}]
entitlements: {source: {type: file, path: entitlements.yaml}}
rules: [{name: a, match: {path: '/a/{b}'}, require: {tenant: '{b}', features: [a], when: 'request.method == "GET"'}}]`,
  );
  const env = {...process.env, NODE_COMPILE_CACHE: cache, NODE_COMPILE_CACHE_PORTABLE: '1'};
  const args = [...flags, join(source, 'main.js'), 'serve', '-c', join(trial, 'postern.yaml')];
  const program = spawn(process.execPath, args, {env, stdio: ['ignore', 'pipe', 'inherit'], timeout: 60_000});
  program.stdout.on('data', (chunk) => {
    if (`${chunk}`.includes('Postern answers')) program.kill('SIGTERM');
  });
  const [code] = await once(program, 'exit');
  if (code !== 0) throw new Error('the bundled program does not start');
  for (const name of readdirSync(cache)) {
    renameSync(join(cache, name), join(cache, name.replace(/-\d+$/, `-${user}`)));
  }
  chmodAll(cache);
  rmSync(trial, {recursive: true});
};

/** V8 writes them for their owner alone, and the program is another user. */
const chmodAll = (path) => {
  chmodSync(path, 0o755);
  for (const entry of readdirSync(path, {recursive: true, withFileTypes: true}))
    chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644);
};
await keepCompiled();
