// The package: what `npm pack` makes installs by `npm install -g` elsewhere, and is Postern whole.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {cpSync, existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {checkRequestOf, makeCheckClient} from '../support/checkClient.ts';
import {freePort, temporaryFolder} from '../support/ports.ts';
import {writeFiles} from '../support/postern.ts';
import {start} from '../support/processes.ts';
import {root} from './charts.ts';

const run = promisify(execFile);
/** npm must not take this run's settings for its own. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm|NODE_OPTIONS)/i.test(name)));

describe('package', function () {
  this.timeout(300_000);
  let prefix: string;
  let postern: string;
  before(async () => {
    const folder = temporaryFolder();
    // A copy, so that nothing is built into the checkout.
    const source = join(folder, 'source');
    for (const name of [
      'src',
      'explorer',
      'protos',
      'examples',
      'deploy',
      'docs',
      'package.json',
      'CHANGELOG.md',
      'SECURITY.md',
      'README.md',
      'LICENSE',
      'postern.schema.json',
      'tsconfig.json',
      'tsconfig.build.json',
      'node_modules',
    ]) {
      if (name === 'node_modules') await run('ln', ['-s', join(root, name), join(source, name)]);
      else cpSync(join(root, name), join(source, name), {recursive: true});
    }
    const {stdout} = await run('npm', ['pack', '--json', '--pack-destination', folder], {cwd: source, env});
    const [{filename}] = JSON.parse(stdout.slice(stdout.indexOf('[')));
    prefix = join(folder, 'prefix');
    const quiet = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    await run('npm', ['install', '-g', '--prefix', prefix, ...quiet, join(folder, filename)], {
      cwd: folder,
      env,
      timeout: 120_000,
    });
    postern = join(prefix, 'bin/postern');
  });
  const packed = (path: string) => join(prefix, 'lib/node_modules/postern', path);

  it('has what runs, what it reads, and nothing of how it is made', () => {
    for (const path of [
      'explorer/index.html',
      'protos',
      'postern.schema.json',
      'examples/postern.yaml',
      'examples/entitlements.yaml',
      'docs/guides/issuers.md',
      'docs/runbooks/README.md',
      'CHANGELOG.md',
      'LICENSE',
    ]) {
      assert.ok(existsSync(packed(path)), path);
    }
    for (const path of [
      'src',
      'test',
      'scripts',
      'helm',
      'examples/demo',
      'docs/images',
      'node_modules/mocha',
      'node_modules/typescript',
    ]) {
      assert.ok(!existsSync(packed(path)), path);
    }
  });

  it('is a command that says what it can do', async () => {
    const {stdout} = await run(postern, ['--help'], {env});
    assert.match(stdout, /serve .*validate .*explain .*test .*revoke/s);
    const {version} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    assert.equal((await run(postern, ['--version'], {env})).stdout, `${version}\n`);
  });

  it('checks the example that it brings', async () => {
    const {stdout} = await run(postern, ['validate', '--strict', '-c', packed('examples/postern.yaml')], {env});
    assert.match(stdout, /good: 6 rules, 1 provider\n$/);
  });

  it('answers Envoy', async () => {
    const folder = temporaryFolder();
    const [grpc, admin] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    writeFiles(folder, {
      'postern.yaml': {
        server: {listen: grpc},
        admin: {listen: admin},
        entitlements: {source: {type: 'file', path: 'entitlements.yaml'}},
        rules: [{name: 'open', match: {path: '/open'}, public: true}],
      },
      'entitlements.yaml': readFileSync(packed('examples/entitlements.yaml'), 'utf8'),
    });
    const running = await start({
      name: 'postern',
      command: postern,
      args: ['serve'],
      cwd: folder,
      env,
      ready: async () => (await fetch(`http://${admin}/readyz`)).status === 200,
    });
    const client = makeCheckClient(grpc);
    assert.equal((await client.check(checkRequestOf({path: '/open'}))).status?.code, 0);
    assert.notEqual((await client.check(checkRequestOf({path: '/shut'}))).status?.code, 0);
    client.close();
    assert.equal(await running.stop(15_000), 0);
  });
});
