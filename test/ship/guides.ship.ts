// The guides: what they name is there, what they apply is accepted, and what they say is answered is answered.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {parse} from 'yaml';
import {startEcho} from '../support/echo.ts';
import {send} from '../support/http.ts';
import {tokenRequest} from '../support/identityProvider.ts';
import {freePort, temporaryFolder} from '../support/ports.ts';
import {runPostern, startPostern} from '../support/postern.ts';
import {start} from '../support/processes.ts';
import {startRedis} from '../support/redis.ts';
import {tool} from '../support/tools.ts';
import {manifestsOf, only, render, root} from './charts.ts';
import {example, faultOf, runExample} from './envoyExample.ts';
import {makeVolumes, needsRoot, type Pod, podAddress, startContainer} from './pod.ts';
import {faultsOf} from './schemas.ts';

const run = promisify(execFile);
const text = (path: string) => readFileSync(join(root, path), 'utf8');
const guide = (name: string) => text(`docs/guides/${name}.md`);
const names = ['envoy', 'envoy-gateway', 'gateway', 'istio', 'sidecar'];

/** The block of a guide that begins with `# values.yaml`. */
const valuesOf = (name: string): object => {
  const [, block] =
    /```yaml\n(# values\.yaml\n[\s\S]*?)```/.exec(guide(name)) ?? assert.fail(`${name} has no values.yaml`);
  return parse(block ?? '');
};

/** A line of a guide that asks: path, who asks (`key`, a name, or nobody), the status that it promises. */
interface Row {
  readonly path: string;
  readonly who: string | undefined;
  readonly status: number;
}

/** `curl -i localhost:8000/x -H "x-api-key: $KEY"  # 403 wrong_tenant`; what goes through to the application is a 200. */
const rowsOf = (name: string): Row[] =>
  [...guide(name).matchAll(/^(?:curl -i [\w.]+:8000|ask )(\/\S*)(.*?) +# (.*)$/gm)]
    .map(([, path = '', options = '', promise = '']) => ({
      path,
      who: /\$KEY/.test(options) ? 'key' : /\$\(token (\w+)\)/.exec(options)?.[1],
      status: promise.startsWith('through') ? 200 : Number(promise.slice(0, 3)),
    }))
    // Before Postern is asked, the application answers.
    .filter(({status}) => status !== 404);

const askAll = async (port: number, rows: readonly Row[], headerOf: (who: string) => readonly [string, string]) => {
  assert.ok(rows.length >= 3, 'the guide asks hardly anything');
  assert.ok(rows.some(({status}) => status === 401 || status === 403));
  for (const {path, who, status} of rows) {
    const answer = await send({port, path, headers: who === undefined ? [] : [headerOf(who)]});
    assert.equal(answer.status, status, `${path} by ${who ?? 'nobody'}: ${answer.body}`);
  }
};

/** An API key as the guides make it, and the file with its hash. */
const newKey = async (...options: readonly string[]) => {
  const file = join(temporaryFolder(), 'keys.yaml');
  const made = await runPostern(['keys', 'new', '--subject', 'demo', '--tenant', 'acme', ...options, '--file', file]);
  assert.equal(made.code, 0, made.output);
  const key = made.output.split('\n').find((line) => /^\S+$/.test(line)) ?? assert.fail(made.output);
  return {key, file: readFileSync(file, 'utf8')};
};

describe('guides', function () {
  this.timeout(120_000);

  for (const name of names) {
    it(`${name} names nothing that is not there`, () => {
      const found = [...guide(name).matchAll(/(?<![\w./-])(?:deploy|helm|examples|docs)\/[\w./-]*\w/g)].map(
        ([path]) => path,
      );
      assert.ok(found.length > 0);
      for (const path of found) assert.ok(existsSync(join(root, path)), path);
      for (const [, path = ''] of guide(name).matchAll(/\]\(([\w.-]+\.md)\)/g)) {
        assert.ok(existsSync(join(root, 'docs/guides', path)), path);
      }
    });
  }

  it('there is no guide that is not looked at here', () => {
    assert.deepEqual(
      readdirSync(join(root, 'docs/guides'))
        .filter((file) => file.endsWith('.md') && names.includes(file.slice(0, -3)))
        .sort(),
      names.map((name) => `${name}.md`).sort(),
    );
  });

  for (const name of ['istio', 'envoy-gateway']) {
    it(`${name} applies what the cluster accepts`, async () => {
      const [, manifests = ''] = /<<EOF\n([\s\S]*?)\nEOF/.exec(guide(name)) ?? assert.fail('nothing is applied');
      assert.deepEqual(await faultsOf(manifestsOf(manifests), '1.33.0'), []);
    });
  }

  it('istio-operator.yaml says what mesh-config.yaml says', () => {
    const {meshConfig} = example('deploy/istio/mesh-config.yaml');
    assert.deepEqual(example('deploy/istio/istio-operator.yaml').spec.meshConfig, meshConfig);
  });

  it('gateway: its values, its key, its Envoy and its application answer as it says', async () => {
    needsRoot();
    const {key, file} = await newKey();
    const ports = {grpc: await freePort(), admin: await freePort()};
    const maps = await render('helm/postern', {values: [valuesOf('gateway'), {ports, files: {'keys.yaml': file}}]});
    const pod: Pod = {spec: only(maps, 'Deployment').spec.template.spec, maps};

    // The command of the guide, on the file of the guide.
    const [, options = ''] =
      /^sed ((?:.*\\\n)*.*) deploy\/envoy\/envoy\.yaml > envoy\.yaml$/m.exec(guide('gateway')) ?? assert.fail('no sed');
    const {stdout: configured} = await run('sh', ['-c', `sed ${options} '${join(root, 'deploy/envoy/envoy.yaml')}'`]);
    const config = parse(configured);
    assert.equal(config.static_resources.clusters[0].type, 'STRICT_DNS');
    assert.match(configured, /address: postern-headless\.postern\.svc\.cluster\.local, port_value: 9191/);
    assert.equal(await faultOf(config), undefined);

    const [envoyPod] = manifestsOf(text('deploy/envoy/pod.yaml'));
    assert.deepEqual(await faultsOf(envoyPod === undefined ? [] : [envoyPod], '1.33.0'), []);
    const appPort = await freePort();
    const [, app] = envoyPod?.spec.containers ?? [];
    const application = await start({
      name: 'application',
      command: process.execPath,
      args: ['-e', (app.args[0] as string).replace('8080', `${appPort}`)],
    });
    const container = await startContainer(pod, 'postern', makeVolumes(pod));
    try {
      await container.passes('readinessProbe');
      const postern = [`${podAddress}:${ports.grpc}`];
      const envoy = await runExample(config, {postern, app: `127.0.0.1:${appPort}`});
      for (const name of ['gateway', 'istio', 'envoy-gateway'])
        await askAll(envoy.port, rowsOf(name), () => ['x-api-key', key]);
      const {body} = await send({port: envoy.port, path: '/orgs/acme/orders/1', headers: [['x-api-key', key]]});
      assert.equal(JSON.parse(body).headers['x-auth-tenant'], 'acme');
      await envoy.stop();
    } finally {
      await container.stop();
      await application.stop();
    }
  });

  it('sidecar: its values and its key answer as it says', async () => {
    needsRoot();
    const {key, file} = await newKey('--scope', 'orders');
    const ports = {grpc: await freePort(), admin: await freePort()};
    const maps = await render('examples/sidecar-app', {
      values: [valuesOf('sidecar'), {postern: {ports, files: {'keys.yaml': file}}}],
    });
    const pod: Pod = {spec: only(maps, 'Deployment').spec.template.spec, maps};
    const volumes = makeVolumes(pod);
    const echo = await startEcho();
    const container = await startContainer(pod, 'postern', volumes);
    try {
      await container.passes('startupProbe');
      const envoy = await runExample(example('deploy/envoy/envoy.yaml'), {
        postern: [`unix://${volumes.get('postern-socket')}/check.sock`],
        app: `127.0.0.1:${echo.port}`,
      });
      await askAll(envoy.port, rowsOf('sidecar'), () => ['x-api-key', key]);
      await envoy.stop();
    } finally {
      await container.stop();
      await echo.stop();
    }
  });

  it('envoy: what compose.yaml starts answers as it says', async () => {
    // The same files and programs, on free ports of one loopback as in the composition's shared network.
    const [identityPort, appPort, checkPort, adminPort] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ];
    const redis = await startRedis();
    const demo = await start({
      name: 'demo',
      command: process.execPath,
      args: [join(root, 'deploy/compose/demo.ts'), `${identityPort}`, `${appPort}`],
      ready: (output) => output.includes('A token'),
    });
    const settings = text('deploy/compose/postern/postern.yaml')
      .replace('127.0.0.1:9191', `127.0.0.1:${checkPort}`)
      .replace('0.0.0.0:9190', `127.0.0.1:${adminPort}`)
      .replace('127.0.0.1:9000', `127.0.0.1:${identityPort}`)
      .replace('redis://postern-redis:6379/0', redis.url);
    const postern = await startPostern(settings, {
      files: {'entitlements.yaml': text('deploy/compose/postern/entitlements.yaml')},
    });
    const envoy = await runExample(example('deploy/envoy/envoy.yaml'), {
      postern: [`127.0.0.1:${checkPort}`],
      app: `127.0.0.1:${appPort}`,
    });
    try {
      assert.ok(
        guide('envoy').includes(tokenRequest('127.0.0.1:9000', '$1').replace('127.0.0.1:9000/token', '').trim()),
      );
      const tokens = new Map<string, string>();
      for (const person of ['alice', 'bob']) {
        const [url = '', ...form] = tokenRequest(`http://127.0.0.1:${identityPort}`, person).split(' -d ');
        const answer = await fetch(url, {method: 'POST', body: new URLSearchParams(form.join('&'))});
        // As the guide does it.
        const [, token = ''] = /.*"access_token":"([^"]*)".*/.exec(await answer.text()) ?? [];
        tokens.set(person, token);
      }
      await askAll(envoy.port, rowsOf('envoy'), (who) => ['authorization', `Bearer ${tokens.get(who)}`]);
    } finally {
      await envoy.stop();
      await postern.stop();
      await demo.stop();
      await redis.stop();
    }
  });

  it('--set-file gives the chart the file of keys', async () => {
    const {file} = await newKey();
    const path = join(temporaryFolder(), 'keys.yaml');
    writeFileSync(path, file);
    const [, flag = ''] = /--set-file '([^']+)=keys\.yaml'/.exec(guide('gateway')) ?? assert.fail('no --set-file');
    const {stdout} = await run(await tool('helm'), [
      'template',
      'postern',
      join(root, 'helm/postern'),
      '--set-file',
      `${flag}=${path}`,
    ]);
    assert.equal(only(manifestsOf(stdout), 'ConfigMap', 'postern').data?.['keys.yaml'], file);
  });
});
