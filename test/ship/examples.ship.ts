// The examples in deploy/: Kubernetes accepts them, Envoy accepts and runs them, and what they say fits together.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {parse} from 'yaml';
import {startEcho} from '../support/echo.ts';
import {send} from '../support/http.ts';
import {freePort, temporaryFolder} from '../support/ports.ts';
import {runPostern, startPostern} from '../support/postern.ts';
import {tool} from '../support/tools.ts';
import {manifestsOf, only, render, root} from './charts.ts';
import {asIstio, example, examples, faultOf, moved, runExample} from './envoyExample.ts';
import {faultsOf, moduleFile} from './schemas.ts';

const run = promisify(execFile);
const text = (path: string) => readFileSync(join(root, path), 'utf8');
const kustomized = async () => {
  const {stdout} = await run(await tool('kubectl'), ['kustomize', join(root, 'deploy/kustomize/example')]);
  return manifestsOf(stdout);
};

describe('examples', function () {
  this.timeout(120_000);

  for (const folder of ['istio', 'envoy-gateway']) {
    for (const file of readdirSync(join(root, 'deploy', folder)).filter(
      (name) => !/^(mesh-config|istio-operator)\.yaml$/.test(name),
    )) {
      it(`deploy/${folder}/${file} is what the custom resources say`, async () => {
        assert.deepEqual(await faultsOf(manifestsOf(text(`deploy/${folder}/${file}`)), '1.33.0'), []);
      });
    }
  }

  it('every policy names a provider of the mesh configuration, and every provider has a short time and closes', () => {
    const providers = example('deploy/istio/mesh-config.yaml').meshConfig.extensionProviders as {
      name: string;
      envoyExtAuthzGrpc: {timeout: string; failOpen: boolean};
    }[];
    for (const {name, envoyExtAuthzGrpc} of providers) {
      assert.equal(envoyExtAuthzGrpc.timeout, '0.5s', name);
      assert.equal(envoyExtAuthzGrpc.failOpen, false, name);
    }
    const names = providers.map(({name}) => name);
    const policies = ['sidecar-policy', 'gateway-policy', 'waypoint']
      .flatMap((file) => manifestsOf(text(`deploy/istio/${file}.yaml`)))
      .filter(({kind}) => kind === 'AuthorizationPolicy');
    assert.equal(policies.length, 3);
    for (const {spec, metadata} of policies) assert.ok(names.includes(spec.provider.name), metadata.name);
  });

  it('the mesh configuration says nothing that Istio does not know', async () => {
    const proto = await moduleFile('istio.io/api@v1.28.0', 'mesh/v1alpha1/config.proto');
    // The fields of a message, as YAML spells them; a message ends where its indentation does.
    const fieldsOf = (message: string): string[] => {
      const [, indentation = '', body = ''] =
        new RegExp(`\\n( *)message ${message} \\{\\n([\\s\\S]*?)\\n\\1\\}`).exec(proto) ?? assert.fail(message);
      return [...body.matchAll(/^ *[\w.<>, ]+ (\w+) = \d+/gm)]
        .map(([, name = '']) => name.replace(/_(\w)/g, (_all, letter: string) => letter.toUpperCase()))
        .concat(indentation === '' ? assert.fail(message) : []);
    };
    const [provider, grpc] = [fieldsOf('ExtensionProvider'), fieldsOf('EnvoyExternalAuthorizationGrpcProvider')];
    for (const entry of example('deploy/istio/mesh-config.yaml').meshConfig.extensionProviders) {
      for (const key of Object.keys(entry)) assert.ok(provider.includes(key), key);
      for (const key of Object.keys(entry.envoyExtAuthzGrpc)) assert.ok(grpc.includes(key), key);
    }
  });

  it('the Service that Istio and Envoy Gateway name is that of the chart', async () => {
    const service = only(await render('helm/postern', {release: 'postern'}), 'Service', 'postern');
    const provider = example('deploy/istio/mesh-config.yaml').meshConfig.extensionProviders[0].envoyExtAuthzGrpc;
    assert.deepEqual(
      [provider.service, provider.port],
      ['postern.postern.svc.cluster.local', service.spec.ports[0].port],
    );
    const [policy] = manifestsOf(text('deploy/envoy-gateway/security-policy.yaml'));
    assert.deepEqual(policy?.spec.extAuth.grpc.backendRefs[0], {
      name: 'postern',
      namespace: 'postern',
      port: service.spec.ports[0].port,
    });
  });

  it('the Kustomize component gives the container that the library chart gives', async () => {
    const patched = only(await kustomized(), 'Deployment').spec.template;
    const rendered = only(await render('examples/sidecar-app'), 'Deployment').spec.template;
    assert.deepEqual(patched.spec.initContainers, rendered.spec.initContainers);
    assert.equal(patched.spec.securityContext.fsGroup, rendered.spec.securityContext.fsGroup);
    for (const [key, value] of Object.entries(patched.metadata.annotations)) {
      assert.equal(value, rendered.metadata.annotations[key], key);
    }
    const socketOf = ({spec}: {spec: {volumes: {name: string}[]}}) =>
      spec.volumes.find(({name}) => name === 'postern-socket');
    assert.deepEqual(socketOf(patched), socketOf(rendered));
    assert.deepEqual(await faultsOf(await kustomized(), '1.33.0'), []);
  });

  for (const path of ['deploy/kustomize/example/postern.yaml', 'deploy/compose/postern/postern.yaml']) {
    it(`${path} is a good configuration`, async () => {
      const {code, output} = await runPostern(['validate', '-c', join(root, path)]);
      assert.equal(code, 0, output);
    });
  }

  it('Envoy accepts deploy/envoy/envoy.yaml, and would not accept a misspelt one', async () => {
    const config = example('deploy/envoy/envoy.yaml');
    assert.equal(await faultOf(config), undefined);
    assert.match((await faultOf({...config, static_recources: {}})) ?? '', /static_recources/);
  });

  for (const {name} of example('deploy/istio/mesh-config.yaml').meshConfig.extensionProviders.slice(1)) {
    it(`Envoy decides by the extension provider ${name}`, async () => {
      const provider = example('deploy/istio/mesh-config.yaml').meshConfig.extensionProviders.find(
        (one: {name: string}) => one.name === name,
      );
      const socket = `${temporaryFolder()}/check.sock`;
      const loopback = `127.0.0.1:${await freePort()}`;
      const listen = name === 'postern-socket' ? `unix://${socket}` : loopback;
      const rules = [
        {name: 'open', match: {path: '/open'}, public: true},
        {name: 'closed', match: {path: '/closed'}, deny: true},
      ];
      const echo = await startEcho();
      const postern = await startPostern({rules}, {listen});
      const config = asIstio(provider, examples('deploy/istio/same-pod.yaml'), {
        'unix:///run/postern/check.sock': `unix://${socket}`,
        '127.0.0.1': loopback,
      });
      assert.equal(await faultOf(config), undefined);
      const envoy = await runExample(config, {app: `127.0.0.1:${echo.port}`});
      try {
        assert.equal((await send({port: envoy.port, path: '/open'})).status, 200);
        assert.equal((await send({port: envoy.port, path: '/closed'})).status, 403);
        await postern.stop();
        assert.equal((await send({port: envoy.port, path: '/open'})).status, 503, 'an outage opened the door');
      } finally {
        await envoy.stop();
        await postern.stop();
        await echo.stop();
      }
    });
  }

  it('compose.yaml: all that it mounts and builds is there', () => {
    const compose = parse(text('deploy/compose.yaml')) as {
      services: Record<string, {volumes?: string[]; build?: {context: string; dockerfile: string; target?: string}}>;
    };
    const stages = [...text('deploy/Dockerfile').matchAll(/^FROM .* AS (\w+)$/gm)].map(([, stage]) => stage);
    for (const [service, {volumes = [], build}] of Object.entries(compose.services)) {
      for (const volume of volumes) {
        const path = join('deploy', volume.split(':')[0] ?? '');
        assert.ok(existsSync(join(root, path)), `${service} mounts ${path}, which is not there`);
      }
      if (build?.target !== undefined) assert.ok(stages.includes(build.target), `no stage ${build.target}`);
    }
  });

  it('an Envoy of the headless Service: the example with STRICT_DNS is accepted too', async () => {
    const config = moved(example('deploy/envoy/envoy.yaml'), {
      port: 1_0000,
      adminPort: 1_0001,
      postern: ['postern-headless.postern.svc.cluster.local:9191'],
      app: '127.0.0.1:8080',
    });
    config.static_resources.clusters[0].type = 'STRICT_DNS';
    assert.equal(await faultOf(config), undefined);
  });
});
