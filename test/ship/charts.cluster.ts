// The charts as an operator has them, on a real Kubernetes API with Helm 3 and 4: installed, upgraded, scaled, refused, rolled
// back, tested and taken away. Nodes are kwok's; what a Job or `helm test` starts is really run.
import assert from 'node:assert/strict';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {stringify} from 'yaml';
import {freePort} from '../support/ports.ts';
import {chartFolder, ciValues, helms, render, root} from './charts.ts';
import type {Resource} from './cluster/api.ts';
import {type ControlPlane, startControlPlane} from './cluster/controlPlane.ts';
import {define, monitoring, others, undefine} from './cluster/customResources.ts';
import {runsAnnotation} from './cluster/kwok.ts';
import {type Node, startNode} from './cluster/node.ts';
import {
  clusterWideOf,
  contentsOf,
  makeOperator,
  type Operator,
  type Printed,
  whileWatching,
} from './cluster/release.ts';
import {image} from './image.ts';
import {needsRoot} from './pod.ts';

const chart = join(root, 'helm/postern');
/** The chart as it was before it validated by a Job and kept what ran. */
const earlier = join(import.meta.dirname, 'cluster/postern-before-hooks.tgz');

const open = {name: 'home', match: {path: '/'}, public: true};
const rules = (...names: string[]) => ({config: {rules: names.map((name) => ({...open, name}))}});
/** What the schema of the values takes and `validate` does not. */
const wrong = {
  config: {
    rules: [
      {name: 'twice', match: {path: '/orgs/{org}/a'}, require: {tenant: '{orgg}'}},
      {name: 'twice', match: {path: '/b'}, require: {features: ['x']}},
    ],
  },
};

/** What operators look for, beside what the files of values have. */
const sought = {
  deploymentAnnotations: {'reloader.stakater.com/auto': 'true'},
  minReadySeconds: 5,
  lifecycle: {preStop: {sleep: {seconds: 3}}},
  hostAliases: [{ip: '10.0.0.1', hostnames: ['id.example']}],
  initContainers: [
    {
      name: 'wait',
      image: 'wait:1',
      securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: ['ALL']}},
    },
  ],
  dnsPolicy: 'ClusterFirst',
  dnsConfig: {options: [{name: 'ndots', value: '1'}]},
  service: {
    type: 'LoadBalancer',
    nodePort: 30_001,
    externalTrafficPolicy: 'Local',
    trafficDistribution: 'PreferSameNode',
  },
  serviceAccount: {labels: {team: 'edge'}},
  autoscaling: {enabled: true, behavior: {scaleDown: {stabilizationWindowSeconds: 60}}},
  podDisruptionBudget: {minAvailable: '50%'},
  networkPolicy: {enabled: true},
  config: {answers: {listen: '0.0.0.0:9193'}, entitlements: {source: {type: 'http', url: 'https://plans.example/'}}},
  priorityClassName: 'system-cluster-critical',
  tolerations: [{key: 'edge', operator: 'Exists'}],
  topologySpreadConstraints: [{maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule'}],
};

describe('charts in a cluster', function () {
  // The control plane is built the first time on a machine, which takes some ten minutes.
  this.timeout(2_400_000);
  let plane: ControlPlane;
  let node: Node;
  let operator: Operator;
  before(async () => {
    needsRoot();
    await image();
    plane = await startControlPlane();
    node = await startNode(plane, {});
    operator = makeOperator(plane.kubeconfig);
  });
  after(async () => {
    await node?.stop();
    await plane?.stop();
  });

  /** It went well, and neither server nor Helm had anything to remark. */
  const well = (printed: Printed): string => {
    assert.equal(printed.code, 0, printed.error + printed.out);
    assert.doesNotMatch(printed.error, /warn/i);
    return printed.out;
  };
  const makeNamespace = async (name: string) => {
    const level = Object.fromEntries(
      ['enforce', 'warn', 'audit'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted']),
    );
    await plane.api.call('POST', '/api/v1/namespaces', {metadata: {name, labels: level}});
    const path = `/api/v1/namespaces/${name}/serviceaccounts/default`;
    while ((await plane.api.call('GET', path).catch(() => undefined)) === undefined) await sleep(50);
  };
  const get = (namespace: string, api: string, kind: string, name: string): Promise<Resource> =>
    plane.api.call('GET', `${api}/namespaces/${namespace}/${kind}/${name}`);
  const deployment = (namespace: string, name: string) => get(namespace, '/apis/apps/v1', 'deployments', name);
  const configMap = (namespace: string, name: string) => get(namespace, '/api/v1', 'configmaps', name);
  const leavesNothing = async (namespace: string, ...releases: string[]) => {
    const until = performance.now() + 60_000;
    let left = await contentsOf(plane.api, namespace);
    while (left.length > 0 && performance.now() < until) {
      await sleep(300);
      left = await contentsOf(plane.api, namespace);
    }
    assert.deepEqual(left, []);
    for (const release of releases) assert.deepEqual(await clusterWideOf(plane.api, release), []);
  };

  /** Waits until the autoscaler has looked at what is there, and it is as many pods as said. */
  const scaled = async (namespace: string, count: number) => {
    const until = performance.now() + 30_000;
    for (;;) {
      const scaler = await get(namespace, '/apis/autoscaling/v2', 'horizontalpodautoscalers', 'shop-postern');
      const {status} = await deployment(namespace, 'shop-postern');
      if (scaler.status?.conditions !== undefined && status.readyReplicas === count) break;
      assert.ok(performance.now() < until, JSON.stringify([scaler.status, status]));
      await sleep(100);
    }
    // It looks once a second.
    await sleep(1_500);
  };
  /** What an autoscaler does: it writes the number, as the owner of it. */
  const autoscale = async (namespace: string, replicas: number) => {
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments/shop-postern/scale?fieldManager=kube-controller-manager`;
    await plane.api.call('PATCH', path, {spec: {replicas}});
    await scaled(namespace, replicas);
  };

  it('what the server accepts, strictly, with nothing to warn of: every file of values, hooks and tests too', async () => {
    await define(plane.api, [...(await others()), ...monitoring]);
    try {
      await makeNamespace('strict');
      const has = new Set<string>(['default']);
      for (const folder of ['helm/postern', 'examples/sidecar-app']) {
        for (const file of [...ciValues(folder), ...(folder === 'helm/postern' ? [sought] : [])]) {
          const manifests = await render(folder, {values: [file], kubernetes: '1.36.0'});
          // A pod is taken only where its account is.
          const accounts = manifests.map(({spec}) => spec?.serviceAccountName).filter((one) => one !== undefined);
          for (const name of accounts.filter((one) => !has.has(one))) {
            has.add(name);
            await plane.api.call('POST', '/api/v1/namespaces/strict/serviceaccounts', {metadata: {name}});
          }
          const text = manifests
            .map((one) => stringify({...one, metadata: {...one.metadata, namespace: 'strict'}}))
            .join('---\n');
          const args = ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-n', 'strict', '-f', '-'];
          well(await operator.kubectlWith(text, ...args));
        }
      }
    } finally {
      await undefine(plane.api, monitoring);
    }
  });

  for (const name of helms) {
    describe(name, () => {
      const helm = (...args: (string | object)[]) => operator.helm(name, ...args);
      const four = name === 'helm';
      const history = async (namespace: string, release: string): Promise<{revision: number; status: string}[]> =>
        JSON.parse(well(await helm('history', release, '-n', namespace, '-o', 'json')));
      const statuses = async (namespace: string, release: string) =>
        (await history(namespace, release)).map(({status}) => status);
      const upgrade = (namespace: string, release: string, ...args: (string | object)[]) =>
        helm('upgrade', release, chart, '-n', namespace, '--wait', '--timeout', '120s', ...args);
      const space = (of: string) => `${of}-${name}`;

      it('installs, and uninstalls leaving nothing', async () => {
        const namespace = space('plain');
        await makeNamespace(namespace);
        const notes = well(await helm('install', 'shop', chart, '-n', namespace, '--wait', rules('a')));
        assert.match(notes, /kubectl -n plain-helm.* exec deployment\/shop-postern -- postern --help/);
        assert.equal((await deployment(namespace, 'shop-postern')).status.readyReplicas, 2);
        const present = await contentsOf(plane.api, namespace);
        assert.deepEqual(
          present.filter((one) => /validate|Job/.test(one)),
          [],
        );
        well(await helm('uninstall', 'shop', '-n', namespace, '--wait'));
        await leavesNothing(namespace, 'shop');
      });

      it('upgrades from the chart of before, values reused or not, and back', async () => {
        const namespace = space('earlier');
        await makeNamespace(namespace);
        well(await helm('install', 'shop', earlier, '-n', namespace, '--wait', '--set', 'replicaCount=6', rules('a')));
        const seen = await whileWatching(plane.api, namespace, 'shop-postern', async () => {
          well(await upgrade(namespace, 'shop', '--reuse-values'));
          assert.equal((await deployment(namespace, 'shop-postern')).spec.replicas, 6);
          well(await upgrade(namespace, 'shop', '--reset-then-reuse-values', '--set', 'minReadySeconds=1'));
          well(await upgrade(namespace, 'shop', '--set', 'replicaCount=6', rules('a', 'b')));
          well(await helm('rollback', 'shop', '1', '-n', namespace, '--wait'));
        });
        assert.ok(seen.ready >= 6 && seen.wanted >= 6 && seen.changes > 6, JSON.stringify(seen));
        assert.doesNotMatch((await configMap(namespace, 'shop-postern')).data['postern.yaml'], /name: b/);
        well(await helm('uninstall', 'shop', '-n', namespace, '--wait'));
        await leavesNothing(namespace, 'shop');
      });

      it('autoscaling comes on and goes while six run: never fewer than six are wanted, or ready', async () => {
        const namespace = space('scaling');
        await makeNamespace(namespace);
        well(await helm('install', 'shop', chart, '-n', namespace, '--wait', '--set', 'replicaCount=6', rules('a')));
        const seen = await whileWatching(plane.api, namespace, 'shop-postern', async () => {
          well(await upgrade(namespace, 'shop', '--reuse-values', '--set', 'autoscaling.enabled=true'));
          await scaled(namespace, 6);
          well(await upgrade(namespace, 'shop', '--reuse-values', rules('a', 'b')));
          await scaled(namespace, 6);
          well(await upgrade(namespace, 'shop', '--reuse-values', '--set', 'autoscaling.enabled=false'));
          await sleep(1_500);
        });
        assert.ok(seen.ready >= 6 && seen.wanted >= 6 && seen.changes > 6, JSON.stringify(seen));

        // By the autoscaler alone: from two to six, where no number in the values says so.
        well(await upgrade(namespace, 'shop', '--set', 'autoscaling.enabled=true', rules('a')));
        await autoscale(namespace, 6);
        const later = await whileWatching(plane.api, namespace, 'shop-postern', async () => {
          well(await upgrade(namespace, 'shop', '--set', 'autoscaling.enabled=true', rules('a', 'c')));
          await scaled(namespace, 6);
          const notes = well(await upgrade(namespace, 'shop', rules('a', 'c')));
          assert.match(notes, /6 PODS RUN/);
          await sleep(1_500);
        });
        assert.ok(later.ready >= 6 && later.wanted >= 6, JSON.stringify(later));
        well(await upgrade(namespace, 'shop', rules('a', 'c')));
        assert.equal((await deployment(namespace, 'shop-postern')).spec.replicas, 2);
        well(await helm('uninstall', 'shop', '-n', namespace, '--wait'));
        await leavesNothing(namespace, 'shop');
      });

      it('bounds of the autoscaler change while it has set the number', async () => {
        const namespace = space('bounds');
        await makeNamespace(namespace);
        const on = (least: number, most: number) =>
          [
            '--set',
            `autoscaling.enabled=true,autoscaling.minReplicas=${least},autoscaling.maxReplicas=${most}`,
          ] as const;
        well(await helm('install', 'shop', chart, '-n', namespace, '--wait', ...on(2, 10), rules('a')));
        await autoscale(namespace, 6);
        const seen = await whileWatching(plane.api, namespace, 'shop-postern', async () => {
          well(await upgrade(namespace, 'shop', ...on(8, 10), rules('b')));
          await scaled(namespace, 8);
          well(await upgrade(namespace, 'shop', ...on(2, 6), rules('b')));
          await scaled(namespace, 6);
          // Off, and then to the number of the values.
          const notes = well(await upgrade(namespace, 'shop', '--set', 'replicaCount=9', rules('b')));
          assert.match(notes, /6 PODS RUN ON/);
          // To Helm 4 the number is the autoscaler's until it is taken, as the notes say.
          const take = four ? ['--force-conflicts'] : [];
          well(await upgrade(namespace, 'shop', ...take, '--set', 'replicaCount=9', rules('b')));
          assert.equal((await deployment(namespace, 'shop-postern')).status.readyReplicas, 9);
        });
        assert.ok(seen.ready >= 6 && seen.wanted >= 6, JSON.stringify(seen));
        well(await helm('uninstall', 'shop', '-n', namespace, '--wait'));
        await leavesNothing(namespace, 'shop');
      });

      it('a wrong configuration is refused before anything is replaced, says why, and is gone with the release', async () => {
        const namespace = space('wrong');
        await makeNamespace(namespace);
        well(await helm('install', 'shop', chart, '-n', namespace, '--wait', rules('a')));
        const before = await deployment(namespace, 'shop-postern');
        const refused = await upgrade(namespace, 'shop', wrong);
        assert.notEqual(refused.code, 0);
        assert.match(refused.out + refused.error, /rules\[0\]\.require\.tenant: uses \{orgg\}/);
        const log = well(await operator.kubectl('-n', namespace, 'logs', 'job/shop-postern-validate'));
        assert.match(log, /twice/);
        assert.match(log, /orgg/);
        assert.equal((await deployment(namespace, 'shop-postern')).metadata.generation, before.metadata.generation);
        assert.match((await configMap(namespace, 'shop-postern')).data['postern.yaml'], /name: a/);
        assert.deepEqual(await statuses(namespace, 'shop'), ['deployed', 'failed']);

        const back = await upgrade(namespace, 'shop', four ? '--rollback-on-failure' : '--atomic', wrong);
        assert.notEqual(back.code, 0);
        assert.equal((await statuses(namespace, 'shop')).at(-1), 'deployed');
        assert.match((await configMap(namespace, 'shop-postern')).data['postern.yaml'], /name: a/);
        assert.equal((await deployment(namespace, 'shop-postern')).metadata.generation, before.metadata.generation);

        well(await upgrade(namespace, 'shop', rules('b')));
        assert.deepEqual(
          (await contentsOf(plane.api, namespace)).filter((one) => /validate|Job/.test(one)),
          [],
        );
        assert.notEqual((await upgrade(namespace, 'shop', wrong)).code, 0);
        well(await helm('uninstall', 'shop', '-n', namespace, '--wait'));
        await leavesNothing(namespace, 'shop');
      });

      it('a first install that is wrong leaves nothing running, and what it leaves goes with the next one that is right', async () => {
        const namespace = space('first');
        await makeNamespace(namespace);
        const refused = await helm('install', 'shop', chart, '-n', namespace, '--wait', wrong);
        assert.notEqual(refused.code, 0);
        const left = await contentsOf(plane.api, namespace);
        assert.deepEqual(
          left.filter((one) => /Deployment|Service|ConfigMap|ReplicaSet/.test(one)),
          [],
        );
        well(await helm('upgrade', '--install', 'shop', chart, '-n', namespace, '--wait', rules('a')));
        well(await helm('uninstall', 'shop', '-n', namespace, '--wait'));
        await leavesNothing(namespace, 'shop');
      });

      it('all that it can bring: autoscaling, monitors, alerts, dashboard, network policy, extra manifests', async () => {
        const namespace = space('whole');
        await makeNamespace(namespace);
        const values = {
          ...rules('a'),
          autoscaling: {enabled: true, minReplicas: 3},
          serviceMonitor: {enabled: true},
          prometheusRule: {enabled: true},
          dashboard: {enabled: true},
          networkPolicy: {enabled: true},
        };
        const absent = await helm('install', 'shop', chart, '-n', namespace, values);
        assert.notEqual(absent.code, 0);
        assert.match(absent.error, /ServiceMonitor/);
        assert.match(absent.error, /ensure CRDs are installed first/);
        assert.deepEqual(await contentsOf(plane.api, namespace), []);

        await define(plane.api, monitoring);
        try {
          const seen = well(await helm('install', 'shop', chart, '-n', namespace, '--wait', values));
          assert.ok(seen);
          assert.equal((await deployment(namespace, 'shop-postern')).spec.replicas, 3);
          const kinds = new Set((await contentsOf(plane.api, namespace)).map((one) => one.split(' ')[0]));
          for (const kind of [
            'ServiceMonitor',
            'PrometheusRule',
            'NetworkPolicy',
            'HorizontalPodAutoscaler',
            'PodDisruptionBudget',
          ])
            assert.ok(kinds.has(kind), kind);
          well(await helm('uninstall', 'shop', '-n', namespace, '--wait'));
          await leavesNothing(namespace, 'shop');
        } finally {
          await undefine(plane.api, monitoring);
        }
      });

      it('several releases of one namespace, one of them with the longest name, do not meet', async () => {
        const namespace = space('many');
        await makeNamespace(namespace);
        const long = `${'a'.repeat(45)}-release`;
        const names = ['postern', 'shop', long];
        for (const release of names) well(await helm('install', release, chart, '-n', namespace, '--wait', rules('a')));
        for (const release of names) well(await upgrade(namespace, release, rules('b')));
        const full = (release: string) => (release === 'shop' ? 'shop-postern' : release);
        const podsOf = async (release: string): Promise<readonly string[]> => {
          const {items: slices} = await plane.api.call(
            'GET',
            `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
          );
          const own = slices.filter(
            ({metadata}: Resource) => metadata.labels['kubernetes.io/service-name'] === full(release),
          );
          return own.flatMap(({endpoints}: Resource) => endpoints.map((one: Resource) => one.targetRef.name));
        };
        for (const release of names) {
          // Helm waits for the Deployment; those that it has replaced leave the slices a moment later.
          const until = performance.now() + 30_000;
          let pods = await podsOf(release);
          for (; pods.length !== 2 && performance.now() < until; pods = await podsOf(release)) await sleep(100);
          assert.equal(pods.length, 2);
          for (const pod of pods) assert.ok(pod.startsWith(full(release).slice(0, 40)), pod);
        }
        well(await helm('uninstall', 'postern', '-n', namespace, '--wait'));
        assert.equal((await deployment(namespace, 'shop-postern')).status.readyReplicas, 2);
        well(await helm('uninstall', 'shop', long, '-n', namespace, '--wait'));
        await leavesNothing(namespace, ...names);
      });

      it('a name that a Service cannot have', async () => {
        const namespace = space('names');
        await makeNamespace(namespace);
        for (const release of ['eu.shop', '1shop', '9.postern']) {
          well(await helm('install', release, chart, '-n', namespace, '--wait', rules('a')));
          well(await helm('uninstall', release, '-n', namespace, '--wait'));
        }
        await leavesNothing(namespace);
      });

      it('what the pods need and is not there: the release waits for it, then says so, and nothing is replaced', async () => {
        const namespace = space('absent');
        await makeNamespace(namespace);
        well(await helm('install', 'shop', chart, '-n', namespace, '--wait', rules('a')));
        const values = {...rules('b'), existingSecret: 'settings', secretFiles: ['seal']};
        const short = ['--set', 'validateHook.activeDeadlineSeconds=4'];
        const refused = await upgrade(namespace, 'shop', values, ...short);
        assert.notEqual(refused.code, 0);
        assert.match(refused.error, /shop-postern-validate/);
        assert.match((await configMap(namespace, 'shop-postern')).data['postern.yaml'], /name: a/);
        for (const secret of ['settings', 'seal'])
          await plane.api.call('POST', `/api/v1/namespaces/${namespace}/secrets`, {metadata: {name: secret}});
        well(await upgrade(namespace, 'shop', values));
        well(await helm('uninstall', 'shop', '-n', namespace, '--wait'));
        for (const secret of ['settings', 'seal'])
          await plane.api.call('DELETE', `/api/v1/namespaces/${namespace}/secrets/${secret}`);
        await leavesNothing(namespace, 'shop');
      });

      it('back to values of before, while the autoscaler has made more of it', async () => {
        const namespace = space('back');
        await makeNamespace(namespace);
        const on = ['--set', 'autoscaling.enabled=true'];
        well(await helm('install', 'shop', chart, '-n', namespace, '--wait', ...on, rules('a')));
        well(await upgrade(namespace, 'shop', ...on, rules('b')));
        await autoscale(namespace, 6);
        const seen = await whileWatching(plane.api, namespace, 'shop-postern', async () => {
          const before = well(await helm('get', 'values', 'shop', '--revision', '1', '-n', namespace, '-o', 'json'));
          well(await upgrade(namespace, 'shop', JSON.parse(before)));
        });
        assert.ok(seen.ready >= 6 && seen.wanted >= 6, JSON.stringify(seen));
        assert.match((await configMap(namespace, 'shop-postern')).data['postern.yaml'], /name: a/);
        well(await helm('uninstall', 'shop', '-n', namespace, '--wait'));
        await leavesNothing(namespace, 'shop');
      });

      it('`helm test` asks a real Postern, and its log is shown', async () => {
        const namespace = space('test');
        await makeNamespace(namespace);
        const ports = {grpc: await freePort(), admin: await freePort()};
        const values = {
          ports,
          service: {port: ports.grpc},
          replicaCount: 1,
          podAnnotations: {[runsAnnotation]: 'really'},
        };
        well(await helm('install', 'shop', chart, '-n', namespace, '--wait', values));
        // Helm 3 takes the pod away before it looks for its log.
        const printed = well(await helm('test', 'shop', '-n', namespace, ...(four ? ['--logs'] : [])));
        if (four) assert.match(printed, /denied \(HTTP 403, gRPC code 7\); expected: denied/);
        assert.match(printed, /Phase: +Succeeded/);
        well(await upgrade(namespace, 'shop', {...values, test: {expect: 'allowed'}}));
        assert.notEqual((await helm('test', 'shop', '-n', namespace)).code, 0);
        const said = well(await operator.kubectl('-n', namespace, 'logs', 'pod/shop-postern-test'));
        assert.match(said, /denied \(HTTP 403, gRPC code 7\); expected: allowed/);
        well(await helm('uninstall', 'shop', '-n', namespace, '--wait'));
        await leavesNothing(namespace, 'shop');
      });

      it('the sidecar chart in an application of one’s own: installs, upgrades, rolls back and goes', async () => {
        const namespace = space('sidecar');
        await makeNamespace(namespace);
        const application = await chartFolder('examples/sidecar-app');
        const values = {postern: {istio: {enabled: false}, listen: 'loopback'}, replicas: 6};
        well(await helm('install', 'orders', application, '-n', namespace, '--wait', values));
        const seen = await whileWatching(plane.api, namespace, 'orders', async () => {
          const changed = {...values, postern: {...values.postern, log: undefined, rollOnConfigChange: true}};
          well(await helm('upgrade', 'orders', application, '-n', namespace, '--wait', changed));
          well(await helm('rollback', 'orders', '1', '-n', namespace, '--wait'));
        });
        assert.ok(seen.ready >= 6, JSON.stringify(seen));
        well(await helm('uninstall', 'orders', '-n', namespace, '--wait'));
        await leavesNothing(namespace, 'orders');
      });
    });
  }

  it('a release of Helm 3 is taken over by Helm 4', async () => {
    const namespace = 'over';
    await makeNamespace(namespace);
    well(
      await operator.helm(
        'helm-3',
        'install',
        'shop',
        earlier,
        '-n',
        namespace,
        '--wait',
        '--set',
        'replicaCount=6',
        rules('a'),
      ),
    );
    const seen = await whileWatching(plane.api, namespace, 'shop-postern', async () => {
      well(await operator.helm('helm', 'upgrade', 'shop', chart, '-n', namespace, '--wait', '--reuse-values'));
      well(
        await operator.helm(
          'helm',
          'upgrade',
          'shop',
          chart,
          '-n',
          namespace,
          '--wait',
          '--reuse-values',
          '--set',
          'autoscaling.enabled=true',
        ),
      );
      await scaled(namespace, 6);
    });
    assert.ok(seen.ready >= 6, JSON.stringify(seen));
    well(await operator.helm('helm', 'uninstall', 'shop', '-n', namespace, '--wait'));
    await leavesNothing(namespace, 'shop');
  });
});
