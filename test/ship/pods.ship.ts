// What the charts start is what runs: command, arguments, user, volumes, ports and probes of rendered pods, in the real image.
import assert from 'node:assert/strict';
import {basename} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {credentials} from '@grpc/grpc-js';
import {parse} from 'yaml';
import {checkRequestOf, makeCheckClient} from '../support/checkClient.ts';
import {startEcho} from '../support/echo.ts';
import {send} from '../support/http.ts';
import {startIdentityProvider} from '../support/identityProvider.ts';
import {freePort} from '../support/ports.ts';
import {tlsSecret} from './certificates.ts';
import {ciValues, only, render} from './charts.ts';
import {asIstio, example, examples, runExample} from './envoyExample.ts';
import {image} from './image.ts';
import {makeVolumes, needsRoot, type Pod, podAddress, project, startContainer} from './pod.ts';

const freePorts = async () => ({grpc: await freePort(), admin: await freePort()});

/** A release of the chart postern: its pod, that of its `helm test`, and the ports; that of the Service is the pod's. */
const central = async (values: object, secrets: Pod['secrets'] = {}) => {
  const ports = await freePorts();
  const maps = await render('helm/postern', {values: [{ports, service: {port: ports.grpc}, ...values}]});
  const pod: Pod = {spec: only(maps, 'Deployment').spec.template.spec, maps, secrets};
  const test: Pod = {
    spec: maps.find(({kind}) => kind === 'Pod')?.spec,
    maps,
    secrets,
    services: ['shop-postern.shop.svc'],
  };
  return {pod, test, ports};
};

/** Asks Envoy again and again until told to stop; answers how often each status came. `0`: no answer. */
const load = (port: number, path: string) => {
  const statuses: Record<number, number> = {};
  let isOver = false;
  const one = async () => {
    while (!isOver) {
      const status = await send({port, path}).then(
        (answer) => answer.status,
        () => 0,
      );
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  const workers = [one(), one(), one(), one()];
  return {
    sent: () => Object.values(statuses).reduce((sum, count) => sum + count, 0),
    end: async () => {
      isOver = true;
      await Promise.all(workers);
      return statuses;
    },
  };
};

const open = [{name: 'home', match: {path: '/'}, public: true}];

describe('pods', function () {
  this.timeout(300_000);
  before(async () => {
    needsRoot();
    await image();
  });

  it('the chart postern: starts, is ready on the address of the pod, and its `helm test` passes', async () => {
    const people = {alice: {org_id: 'acme'}};
    const provider = await startIdentityProvider({audience: 'orders-api', people});
    const secrets = {
      settings: {POSTERN_ADMIN_TOKEN: 'token-of-the-admin'},
      seal: {seal: 'a-key-of-thirty-two-characters!!'},
    };
    const {pod, test} = await central(
      {
        existingSecret: 'settings',
        secretFiles: ['seal'],
        files: {
          'entitlements.yaml': {
            features: {orders: {}},
            plans: {pro: {features: ['orders']}},
            grants: [{plan: 'pro', tenant: 'acme'}],
          },
        },
        config: {
          admin: {token: '${POSTERN_ADMIN_TOKEN}'},
          providers: [
            {name: 'acme', type: 'oidc', issuer: provider.issuer, audience: ['orders-api'], claims: {tenant: 'org_id'}},
          ],
          entitlements: {source: {type: 'file', path: 'entitlements.yaml'}},
          rules: [
            ...open,
            {name: 'orders', match: {path: '/orgs/{org}/orders'}, require: {tenant: '{org}', features: ['orders']}},
          ],
          responses: {identity: {'x-auth-subject': 'subject'}},
        },
        test: {
          request: {path: '/orgs/acme/orders', headers: {authorization: `Bearer ${await provider.token('alice')}`}},
          expect: 'allowed',
        },
      },
      secrets,
    );
    const container = await startContainer(pod, 'postern', makeVolumes(pod));
    try {
      await container.passes('startupProbe');
      await container.passes('readinessProbe');
      assert.ok(await container.probe('livenessProbe'));

      // The test of the chart, from its own pod.
      const [asked] = test.spec.containers[0].env as {name: string; value: string}[];
      const helmTest = async (expect: string) => {
        const env = {POSTERN_CHECK: JSON.stringify({...JSON.parse(asked?.value ?? ''), expect})};
        const run = await startContainer(test, 'check', makeVolumes(test), env);
        return {code: await run.process.ended, says: run.process.output()};
      };
      const allowed = await helmTest('allowed');
      assert.equal(allowed.code, 0, allowed.says);
      const denied = await helmTest('denied');
      assert.equal(denied.code, 1, denied.says);
      assert.match(denied.says, /allowed; expected: denied/);
    } finally {
      assert.equal(await container.stop(), 0, container.process.output());
      await provider.stop();
    }
  });

  it('the chart postern without values: closed, and its `helm test` agrees', async () => {
    const {pod, test} = await central({});
    const container = await startContainer(pod, 'postern', makeVolumes(pod));
    try {
      await container.passes('readinessProbe');
      const run = await startContainer(test, 'check', makeVolumes(test));
      assert.equal(await run.process.ended, 0, run.process.output());
      assert.match(run.process.output(), /denied \(HTTP 403, gRPC code 7\)/);
    } finally {
      container.terminate();
      await sleep(300);
      assert.equal(await container.probe('readinessProbe'), false, 'it drains, and is ready all the same');
      assert.ok(await container.probe('livenessProbe'), 'it drains, and counts as dead');
      assert.equal(await container.process.ended, 0, container.process.output());
    }
  });

  it('the chart postern with TLS: answers by its certificate, and to known callers alone where that is asked', async () => {
    const name = 'shop-postern.shop.svc';
    const secret = tlsSecret(name);
    const secrets = {certificate: secret};
    for (const clientCa of [false, true]) {
      const tls = {enabled: true, existingSecret: 'certificate', clientCa};
      const {pod, test, ports} = await central({tls}, secrets);
      const container = await startContainer(pod, 'postern', makeVolumes(pod));
      try {
        await container.passes('readinessProbe');
        if (clientCa) {
          assert.equal(test.spec, undefined, 'a test that has no certificate to show');
          const [authority, key, certificate] = (['ca.crt', 'tls.key', 'tls.crt'] as const).map((file) =>
            Buffer.from(secret[file]),
          );
          const ask = async (own: boolean) => {
            const isServer = (_host: string, {subject}: {subject: {CN: string | string[]}}) =>
              subject.CN === name ? undefined : new Error('another server');
            const channel = credentials.createSsl(authority ?? null, own ? key : null, own ? certificate : null, {
              checkServerIdentity: isServer as never,
            });
            const client = makeCheckClient(`${podAddress}:${ports.grpc}`, channel);
            const answer = await client.check(checkRequestOf({}), {deadline: 15_000}).finally(() => client.close());
            return answer.deniedResponse?.status?.code;
          };
          assert.equal(await ask(true), 'Forbidden');
          await assert.rejects(ask(false), 'it answered who showed nothing');
          continue;
        }
        const run = await startContainer(test, 'check', makeVolumes(test));
        assert.equal(await run.process.ended, 0, run.process.output());
        assert.match(test.spec.containers[0].env[0].value, /https:/);
      } finally {
        assert.equal(await container.stop(), 0, container.process.output());
      }
    }
  });

  it('a pod that goes loses no request: Envoy has turned to the other one', async () => {
    const echo = await startEcho();
    const [going, staying] = [await central({config: {rules: open}}), await central({config: {rules: open}})];
    const [first, second] = [
      await startContainer(going.pod, 'postern', makeVolumes(going.pod)),
      await startContainer(staying.pod, 'postern', makeVolumes(staying.pod)),
    ];
    try {
      await Promise.all([first.passes('readinessProbe'), second.passes('readinessProbe')]);
      const envoy = await runExample(example('deploy/envoy/envoy.yaml'), {
        postern: [`${podAddress}:${going.ports.grpc}`, `${podAddress}:${staying.ports.grpc}`],
        app: `127.0.0.1:${echo.port}`,
      });
      const traffic = load(envoy.port, '/');
      await sleep(500);
      const before = traffic.sent();
      assert.equal(await first.stop(), 0, first.process.output());
      await sleep(300);
      const statuses = await traffic.end();
      await envoy.stop();
      assert.ok(before > 0 && traffic.sent() > before, 'nothing was asked meanwhile');
      assert.deepEqual(Object.keys(statuses), ['200'], JSON.stringify(statuses));
    } finally {
      await Promise.all([first.stop(), second.stop()]);
      await echo.stop();
    }
  });

  it('a native sidecar holds the application back until it can decide, answers by its socket, and stops last', async () => {
    const issuerPort = await freePort();
    const ports = await freePorts();
    const issuer = `http://127.0.0.1:${issuerPort}`;
    const maps = await render('examples/sidecar-app', {
      values: [
        {
          postern: {
            ports,
            config: {
              providers: [{name: 'acme', type: 'oidc', issuer, audience: ['orders-api'], claims: {tenant: 'org_id'}}],
            },
          },
        },
      ],
    });
    const {spec} = only(maps, 'Deployment').spec.template;
    assert.deepEqual(
      spec.initContainers.map(({name, restartPolicy}: {name: string; restartPolicy: string}) => [name, restartPolicy]),
      [['postern', 'Always']],
    );
    const pod: Pod = {spec, maps};
    const volumes = makeVolumes(pod);
    const socket = `unix://${volumes.get('postern-socket')}/check.sock`;
    const container = await startContainer(pod, 'postern', volumes);
    let provider: Awaited<ReturnType<typeof startIdentityProvider>> | undefined;
    const echo = await startEcho();
    try {
      // Its identity provider is away: alive, but the application must wait.
      while (!(await container.probe('livenessProbe'))) await sleep(50);
      assert.equal(await container.probe('startupProbe'), false);
      provider = await startIdentityProvider({
        port: issuerPort,
        audience: 'orders-api',
        people: {alice: {org_id: 'acme', scope: 'orders'}},
      });
      await container.passes('startupProbe');
      assert.ok(await container.probe('readinessProbe'));

      // istio-proxy, by what the annotations and deploy/istio say.
      const {annotations} = only(maps, 'Deployment').spec.template.metadata;
      const mounts = JSON.parse(annotations['sidecar.istio.io/userVolumeMount']) as Record<string, {mountPath: string}>;
      const entries = examples('deploy/istio/same-pod.yaml');
      const policy = only(maps, 'AuthorizationPolicy');
      const providers = example('deploy/istio/mesh-config.yaml').meshConfig.extensionProviders as {name: string}[];
      const named = providers.find(({name}) => name === policy.spec.provider.name) ?? assert.fail('no such provider');
      const path = `unix://${mounts['postern-socket']?.mountPath}/check.sock`;
      const config = asIstio(named, entries, {[path]: socket});
      const app = `127.0.0.1:${echo.port}`;
      const proxy = await runExample(config, {app, identity: [1337, 1337, spec.securityContext.fsGroup]});
      const token = await provider.sign({scope: 'orders'});
      const headers = [['authorization', `Bearer ${token}`]] as const;
      assert.equal((await send({port: proxy.port, path: '/orgs/acme/orders'})).status, 401);
      assert.equal((await send({port: proxy.port, path: '/orgs/globex/orders', headers})).status, 403);
      const answer = await send({port: proxy.port, path: '/orgs/acme/orders', headers});
      assert.equal(answer.status, 200, answer.body);
      assert.match(answer.body, /"x-auth-subject","alice"/);

      // Who is not of the socket's group gets no answer from it.
      const stranger = await runExample(config, {app, identity: [2000, 2000, 2000]});
      assert.equal((await send({port: stranger.port, path: '/orgs/acme/orders', headers})).status, 503);
      await stranger.stop();

      // The application ends first, then its proxy, then the sidecar: until its end every request is decided.
      const traffic = load(proxy.port, '/healthz');
      await sleep(300);
      const statuses = await traffic.end();
      await proxy.stop();
      assert.deepEqual(Object.keys(statuses), ['200']);
    } finally {
      assert.equal(await container.stop(), 0, container.process.output());
      await provider?.stop();
      await echo.stop();
    }
  });

  it('the form for older clusters goes on deciding while the others drain', async () => {
    const ports = await freePorts();
    const provider = await startIdentityProvider({audience: 'orders-api', people: {}});
    const providers = [{name: 'acme', type: 'oidc', issuer: provider.issuer, audience: ['orders-api']}];
    const values = {
      postern: {
        form: 'container',
        listen: 'loopback',
        ports,
        drain: {delay: '2s'},
        config: {providers, rules: open},
      },
    };
    const maps = await render('examples/sidecar-app', {values: [values]});
    const {spec} = only(maps, 'Deployment').spec.template;
    assert.equal(spec.initContainers, null);
    const pod: Pod = {spec, maps};
    const echo = await startEcho();
    const container = await startContainer(pod, 'postern', makeVolumes(pod));
    try {
      await container.passes('readinessProbe');
      const outside = await send({port: ports.grpc}).catch((error) => error.code);
      assert.ok(outside !== undefined);
      const config = example('deploy/envoy/envoy.yaml');
      delete config.static_resources.clusters[0].health_checks;
      const envoy = await runExample(config, {postern: [`127.0.0.1:${ports.grpc}`], app: `127.0.0.1:${echo.port}`});
      const traffic = load(envoy.port, '/');
      await sleep(200);
      container.terminate();
      await sleep(1_200);
      const statuses = await traffic.end();
      assert.ok(container.process.alive(), 'it ended at once');
      await envoy.stop();
      assert.deepEqual(Object.keys(statuses), ['200'], JSON.stringify(statuses));
      assert.equal(await container.process.ended, 0);
    } finally {
      await container.stop();
      await provider.stop();
      await echo.stop();
    }
  });

  it('left to its defaults, that form outlasts a proxy: 15 s', async () => {
    for (const [form, delay] of [
      ['native', '0s'],
      ['container', '15s'],
    ] as const) {
      const maps = await render('examples/sidecar-app', {values: [{postern: {form}}]});
      const config = parse(only(maps, 'ConfigMap', 'shop-postern').data?.['postern.yaml'] ?? '');
      assert.equal(config.server.drainDelay, delay);
    }
  });

  // What the values schemas let through, the program takes too.
  for (const file of ['helm/postern', 'examples/sidecar-app'].flatMap((chart) =>
    ciValues(chart).map((path) => ({chart, path})),
  )) {
    const name = `${file.chart} ${basename(file.path)}`;
    // One case brings its configuration along, another has no sidecar.
    if (/mtls|off/.test(name)) continue;
    it(`the configuration of ${name} is a good one`, async () => {
      const maps = await render(file.chart, {values: [file.path]});
      const spec = structuredClone(only(maps, 'Deployment').spec.template.spec);
      const all = [...(spec.initContainers ?? []), ...spec.containers] as {name: string; args: string[]}[];
      const container = all.find((one) => one.name === 'postern') ?? assert.fail('no container');
      container.args = container.args.map((arg) => (arg === 'serve' ? 'validate' : arg));
      const secrets = {
        'postern-secrets': {POSTERN_ADMIN_TOKEN: 'token-of-the-admin', REDIS_URL: 'redis://:secret@redis:6379/0'},
        'postern-seal': {seal: 'a-key-of-thirty-two-characters!!'},
        'shop-postern-tls': tlsSecret('shop-postern'),
        seal: {seal: 'a-key-of-thirty-two-characters!!'},
        'orders-postern': {NOTHING: 'asked for'},
      };
      const pod: Pod = {spec, maps, secrets};
      const {process: validate} = await startContainer(pod, 'postern', makeVolumes(pod));
      assert.equal(await validate.ended, 0, validate.output());
    });
  }

  it('on a cluster of IPv6 alone it listens there', async () => {
    const {pod, ports} = await central({listenAddress: '[::]'});
    const container = await startContainer(pod, 'postern', makeVolumes(pod));
    try {
      await container.passes('readinessProbe');
      assert.equal((await fetch(`http://[::1]:${ports.admin}/readyz`)).status, 200);
    } finally {
      await container.stop();
    }
  });

  it('a changed ConfigMap counts without a restart', async () => {
    const {pod, test, ports} = await central({rollOnConfigChange: false});
    const volumes = makeVolumes(pod);
    const container = await startContainer(pod, 'postern', volumes);
    try {
      await container.passes('readinessProbe');
      const opened = await render('helm/postern', {values: [{ports, config: {rules: open}}]});
      project(volumes.get('config') ?? '', only(opened, 'ConfigMap', 'shop-postern').data ?? {}, 65532, 0o644);
      const [asked] = test.spec.containers[0].env as {name: string; value: string}[];
      const check = {...JSON.parse(asked?.value ?? ''), expect: 'allowed'};
      const until = performance.now() + 20_000;
      let code: unknown = 1;
      while (code !== 0 && performance.now() < until) {
        const run = await startContainer(test, 'check', makeVolumes(test), {POSTERN_CHECK: JSON.stringify(check)});
        code = await run.process.ended;
      }
      assert.equal(code, 0, container.process.output());
    } finally {
      await container.stop();
    }
  });
});
