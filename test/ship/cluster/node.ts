// The cluster's one node: every pod is bound to it; kwok says that pods are ready; a pod of a Job, of `helm test`, and one that
// is marked so is really run, as test/ship/pod.ts runs containers, with the ConfigMaps and Secrets that the API has.
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {freePort, temporaryFolder} from '../../support/ports.ts';
import {start} from '../../support/processes.ts';
import {tool} from '../../support/tools.ts';
import {type Container, makeVolumes, type Pod, startContainer} from '../pod.ts';
import type {Resource} from './api.ts';
import type {ControlPlane} from './controlPlane.ts';
import {kwokConfig, runsAnnotation} from './kwok.ts';

export interface Node {
  /** File that \`kubectl logs\` shows of the containers with this name. */
  log(container: string): string;
  /** Programs here are found by what `kubectl exec` runs in a container. */
  readonly programs: string;
  /** Where that runs. */
  readonly folder: string;
  stop(): Promise<void>;
}

const containers = ['postern', 'validate', 'check'];
const isReallyRun = ({metadata}: Resource): boolean =>
  metadata.annotations?.[runsAnnotation] !== undefined ||
  metadata.ownerReferences?.[0]?.kind === 'Job' ||
  metadata.labels?.['app.kubernetes.io/component'] === 'test';

/** As a container engine writes logs, which is how kwok reads them. */
export const asLog = (printed: string): string =>
  printed
    .split('\n')
    .filter(Boolean)
    .map((line) => `${new Date().toISOString()} stdout F ${line}\n`)
    .join('');

const decoded = (data: Readonly<Record<string, string>> = {}) =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));

export const startNode = async (
  {api, kubeconfig, certificate}: ControlPlane,
  env: NodeJS.ProcessEnv,
): Promise<Node> => {
  const folder = temporaryFolder();
  const programs = join(folder, 'bin');
  mkdirSync(programs);
  const log = (name: string) => join(folder, `${name}.log`);
  for (const name of containers) writeFileSync(log(name), '');
  const path = `${programs}:${process.env.PATH}`;
  writeFileSync(
    join(folder, 'kwok.yaml'),
    kwokConfig({
      logs: Object.fromEntries(containers.map((name) => [name, log(name)])),
      exec: {folder, env: {...env, PATH: path} as Record<string, string>},
      startup: 300,
    }),
  );

  const node = {kind: 'Node', apiVersion: 'v1', metadata: {name: 'one', labels: {'kubernetes.io/hostname': 'one'}}};
  await api.call('POST', '/api/v1/nodes', node);
  const port = await freePort();
  const kwok = await start({
    name: 'kwok',
    command: await tool('cluster'),
    args: [
      'kwok',
      `--kubeconfig=${kubeconfig}`,
      `--config=${join(folder, 'kwok.yaml')}`,
      '--manage-all-nodes=true',
      '--node-ip=127.0.0.1',
      `--node-port=${port}`,
      `--server-address=127.0.0.1:${port}`,
      `--tls-cert-file=${certificate.cert}`,
      `--tls-private-key-file=${certificate.key}`,
    ],
    env: {...process.env, ...env, PATH: path},
    ready: async () => (await api.call('GET', '/api/v1/nodes/one')).status.addresses !== undefined,
    timeout: 60_000,
  });

  const own = ({metadata}: Resource) => `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`;
  const started = new Map<string, Promise<Container | undefined>>();
  const ending: Promise<unknown>[] = [];

  /** The ConfigMaps, Secrets and Services that its containers may ask for. */
  const asPod = async ({metadata, spec}: Resource): Promise<Pod> => {
    const all = async (kind: string) =>
      (await api.call('GET', `/api/v1/namespaces/${metadata.namespace}/${kind}`)).items;
    const maps: Resource[] = (await all('configmaps')).map((one: Resource) => ({...one, kind: 'ConfigMap'}));
    const secrets = Object.fromEntries(
      (await all('secrets')).map((one: Resource) => [one.metadata.name, decoded(one.data)]),
    );
    const services = (await all('services')).map((one: Resource) => `${one.metadata.name}.${metadata.namespace}.svc`);
    return {spec, maps, secrets, services};
  };

  const runs = async (pod: Resource): Promise<Container | undefined> => {
    const [{name, image}] = pod.spec.containers;
    const say = (phase: string, state: object, isReady: boolean) => {
      const status = {name, image, imageID: '', ready: isReady, started: isReady, restartCount: 0, state};
      const is = (type: string) => ({
        type,
        status: isReady ? 'True' : 'False',
        lastTransitionTime: new Date().toISOString(),
      });
      const conditions = ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(is);
      return api.call('PATCH', `${own(pod)}/status`, {status: {phase, conditions, containerStatuses: [status]}});
    };
    const at = new Date().toISOString();
    try {
      const whole = await asPod(pod);
      const container = await startContainer(whole, name, makeVolumes(whole));
      if (pod.spec.containers[0].readinessProbe !== undefined) {
        await container.passes('readinessProbe');
        await say('Running', {running: {startedAt: at}}, true);
        return container;
      }
      const code = await container.process.ended;
      writeFileSync(log(name), asLog(container.process.output()));
      const terminated = {exitCode: Number(code), startedAt: at, finishedAt: new Date().toISOString()};
      await say(code === 0 ? 'Succeeded' : 'Failed', {terminated}, false);
      return container;
    } catch (error) {
      // As a kubelet says it: what the pod wants is not there.
      const waiting = {reason: 'CreateContainerConfigError', message: String(error)};
      await say('Pending', {waiting}, false).catch(() => undefined);
      return undefined;
    }
  };

  const onPod = (type: string, pod: Resource) => {
    const {uid, name, deletionTimestamp} = pod.metadata;
    if (type === 'DELETED' || deletionTimestamp !== undefined) {
      const container = started.get(uid);
      started.delete(uid);
      if (container !== undefined) ending.push(container.then((one) => one?.stop()));
      return;
    }
    if (pod.spec.nodeName === undefined) {
      const target = {apiVersion: 'v1', kind: 'Node', name: 'one'};
      const binding = {apiVersion: 'v1', kind: 'Binding', metadata: {name}, target};
      // Whoever was quicker has bound or deleted it.
      api.call('POST', `${own(pod)}/binding`, binding).catch(() => undefined);
      return;
    }
    if (isReallyRun(pod) && !started.has(uid)) started.set(uid, runs(pod));
  };
  const unwatch = api.watch('/api/v1/pods', onPod);
  return {
    log,
    programs,
    folder,
    stop: async () => {
      unwatch();
      await Promise.all([...ending, ...[...started.values()].map(async (one) => (await one)?.stop())]);
      await kwok.stop();
    },
  };
};
