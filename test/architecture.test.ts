// The map of DESIGN.md section 2: who may import whom, and who alone may import which library.
import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {dirname, join, relative, resolve} from 'node:path';

const root = resolve(import.meta.dirname, '..');
const src = join(root, 'src');

interface File {
  /** Path below src. */
  readonly path: string;
  readonly text: string;
  /** Paths below src, and names of packages. */
  readonly imports: readonly string[];
}

const files: readonly File[] = readdirSync(src, {recursive: true, encoding: 'utf8'})
  .filter((path) => path.endsWith('.ts'))
  .map((path) => {
    const text = readFileSync(join(src, path), 'utf8');
    const named = [
      ...text.matchAll(
        /(?:^|\n)\s*(?:import|export)\s(?:[^'"]*?\sfrom\s)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g,
      ),
    ];
    const imports = named.map(([, from, lazily]) => {
      const specifier = (from ?? lazily) as string;
      return specifier.startsWith('.') ? relative(src, resolve(src, dirname(path), specifier)) : specifier;
    });
    return {path, text, imports};
  });

const folderOf = (path: string): string => (path.includes('/') ? (path.split('/')[0] as string) : '');
const isOwn = (specifier: string): boolean => specifier.endsWith('.ts');

/** main.ts, app.ts and check.ts, the commands, and what app.ts is wired from: these put the folders together. */
const composition = new Set(['', 'commands', 'wiring']);

/** Besides core and itself. */
const mayImport: Record<string, readonly string[]> = {
  core: [],
  vendors: ['providers', 'entitlements'],
  // The same kind of server, and whom a caller's token proves.
  answers: ['admin', 'providers'],
};

describe('the map', () => {
  it('has files', () => assert.ok(files.length > 20));

  it('core imports nothing outside itself, and reads no clock and no chance', () => {
    const found = files
      .filter(({path}) => folderOf(path) === 'core')
      .flatMap(({path, text, imports}) => [
        ...imports
          .filter((specifier) => folderOf(specifier) !== 'core' || !isOwn(specifier))
          .map((of) => `${path} imports ${of}`),
        ...[
          ...text.matchAll(
            /\b(Date\.now|new Date\(\)|Math\.random|process\.|setTimeout|setInterval|await fetch\(|console\.)/g,
          ),
        ].map(([of]) => `${path} uses ${of}`),
      ]);
    assert.deepEqual(found, []);
  });

  it('folders import core and themselves; vendors are built from providers and entitlements', () => {
    const found: string[] = [];
    for (const {path, imports} of files) {
      const folder = folderOf(path);
      if (composition.has(folder)) continue;
      for (const specifier of imports.filter(isOwn)) {
        const target = folderOf(specifier);
        if (target === folder || target === 'core' || mayImport[folder]?.includes(target)) continue;
        // Settings are declared beside their code, in words of config/values.ts, and joined in config/schema.ts.
        if (/settings\.ts$/i.test(path) && specifier === 'config/values.ts') continue;
        if (path === 'config/schema.ts' && specifier.endsWith('settings.ts')) continue;
        if (/^config\/(schema|advice)\.ts$/.test(path) && specifier === 'vendors/index.ts') continue;
        found.push(`${path} imports ${specifier}`);
      }
    }
    assert.deepEqual(found, []);
  });

  it('nothing below the composition imports it', () => {
    const found = files
      .filter(({path}) => !composition.has(folderOf(path)))
      .filter(({imports}) => imports.some((of) => isOwn(of) && composition.has(folderOf(of))))
      .map(({path}) => path);
    assert.deepEqual(found, []);
  });

  it('a vendor is known to its folder alone, and to the tables of src/vendors', () => {
    const vendors = readdirSync(join(src, 'vendors'), {withFileTypes: true})
      .filter((entry) => entry.isDirectory() && entry.name !== 'standards')
      .map(({name}) => name);
    assert.ok(vendors.length > 3);
    // These spellings are part of what a configuration may say, whoever vouches for the credential.
    const spellings = /^(core\/entitlement\/attributes|envoy\/(refusalBody|settings))\.ts$/;
    const comment = /^\s*(\/\/|\/?\*).*$/gm;
    const found = files
      .filter(({path}) => folderOf(path) !== 'vendors' && !spellings.test(path))
      .filter(({text}) => new RegExp(`\\b(${vendors.join('|')})`, 'i').test(text.replace(comment, '')))
      .map(({path}) => path);
    assert.deepEqual(found, []);
  });

  const onlyImporters: [library: string, of: RegExp, importers: RegExp][] = [
    ['jose', /^jose(\/|$)/, /^providers\/keys\.ts$/],
    ['undici', /^undici(\/|$)/, /^remote\//],
    ['ioredis', /^ioredis$/, /^store\/redisClient\.ts$/],
    ['prom-client', /^prom-client$/, /^observe\/exposition\.ts$/],
    ['opentelemetry', /^@opentelemetry\//, /^observe\/(openTelemetry|spans)\.ts$/],
    ['pino', /^pino$/, /^observe\//],
    ['grpc', /^@grpc\//, /^envoy\//],
    ['commander', /^commander$/, /^commands\/(program|run|manual|completion\/\w+)\.ts$/],
    ['cel', /^@bufbuild\//, /^conditions\/library\.ts$/],
    ['re2js', /^re2js$/, /^entitlements\/pattern\.ts$/],
    ['yaml', /^yaml$/, /^(config|entitlements|providers)\//],
  ];
  for (const [library, of, importers] of onlyImporters) {
    it(`${library} is imported in its one place`, () => {
      const found = files.filter(({imports}) => imports.some((specifier) => of.test(specifier))).map(({path}) => path);
      assert.deepEqual(
        found.filter((path) => !importers.test(path)),
        [],
      );
      assert.ok(found.length > 0, `nothing imports ${library}: is it still needed?`);
    });
  }

  it('only config/load.ts reads the environment', () => {
    const found = files
      .filter(({path, text}) => path !== 'config/load.ts' && /process\.env/.test(text))
      .map(({path}) => path);
    assert.deepEqual(found, []);
  });

  it('the wiring has no circles, not even of types', () => {
    const wiring = new Map(files.filter(({path}) => folderOf(path) === 'wiring').map((file) => [file.path, file]));
    const done = new Set<string>();
    const circleFrom = (path: string, way: readonly string[]): readonly string[] | undefined => {
      if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
      if (done.has(path)) return undefined;
      for (const next of wiring.get(path)?.imports ?? []) {
        const circle = wiring.has(next) ? circleFrom(next, [...way, path]) : undefined;
        if (circle !== undefined) return circle;
      }
      done.add(path);
      return undefined;
    };
    assert.deepEqual(
      [...wiring.keys()].flatMap((path) => circleFrom(path, []) ?? []),
      [],
    );
  });

  it('every file says in its first line what it says', () => {
    const found = files
      .filter(({path, text}) => !/^(#!.*\n)?\/\/ \S/.test(text) && !path.includes('.generated.'))
      .map(({path}) => path);
    assert.deepEqual(found, []);
  });
});
