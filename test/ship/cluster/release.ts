// A release of a chart in a real cluster, as an operator handles it: Helm's commands, and what is in the namespace afterwards.
import {execFile} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {stringify} from 'yaml';
import {temporaryFolder} from '../../support/ports.ts';
import {tool} from '../../support/tools.ts';
import type {HelmName} from '../charts.ts';
import type {Api, Resource} from './api.ts';

const run = promisify(execFile);

export interface Printed {
  readonly code: number;
  readonly out: string;
  /** What went to the standard error, where warnings of the server go. */
  readonly error: string;
}

/** Runs a program for a cluster. Never rejects. */
const runFor = (kubeconfig: string) => {
  const home = temporaryFolder();
  const env = {PATH: process.env.PATH, HOME: home, KUBECONFIG: kubeconfig};
  return async (program: string, args: readonly string[], input?: string, own = {}): Promise<Printed> => {
    const running = run(program, [...args], {env, maxBuffer: 1 << 27, timeout: 300_000, ...own});
    if (input !== undefined) running.child.stdin?.end(input);
    return running.then(
      ({stdout, stderr}) => ({code: 0, out: stdout, error: stderr}),
      (failed) => ({code: failed.code ?? 1, out: failed.stdout ?? '', error: failed.stderr || failed.message}),
    );
  };
};

export interface Operator {
  helm(name: HelmName, ...args: (string | object)[]): Promise<Printed>;
  kubectl(...args: string[]): Promise<Printed>;
  /** A script of bash, in a folder, with this environment. */
  shell(script: string, folder: string, env: NodeJS.ProcessEnv): Promise<Printed>;
  /** `kubectl ... -f -` of manifests in one text. */
  kubectlWith(input: string, ...args: string[]): Promise<Printed>;
}

/** Helm and kubectl as somebody who may do everything. An object among the arguments is values. */
export const makeOperator = (kubeconfig: string): Operator => {
  const program = runFor(kubeconfig);
  const valuesFile = (values: object) => {
    const file = join(temporaryFolder(), 'values.yaml');
    writeFileSync(file, stringify(values));
    return ['-f', file];
  };
  return {
    helm: async (name, ...args) =>
      program(
        await tool(name),
        args.flatMap((one) => (typeof one === 'string' ? [one] : valuesFile(one))),
      ),
    shell: (script, cwd, env) => program('bash', ['-c', script], undefined, {cwd, env}),
    kubectl: async (...args) => program(await tool('kubectl'), args),
    kubectlWith: async (input, ...args) => program(await tool('kubectl'), args, input),
  };
};

/** What every namespace has, and what tells of others: events, and what controllers derive. */
const isOfNobody = ({kind, metadata}: Resource): boolean =>
  kind === 'Event' ||
  (kind === 'ServiceAccount' && metadata.name === 'default') ||
  (kind === 'ConfigMap' && metadata.name === 'kube-root-ca.crt');

/** Everything in a namespace, of every kind that the server knows, as `Kind name`. */
export const contentsOf = async (api: Api, namespace: string): Promise<string[]> => {
  const {groups} = await api.call('GET', '/apis');
  const versions: string[] = groups.map((group: Resource) => `/apis/${group.preferredVersion.groupVersion}`);
  const found = new Set<string>();
  for (const version of ['/api/v1', ...versions]) {
    for (const {name, kind, namespaced, verbs} of (await api.call('GET', version)).resources as Resource[]) {
      if (!namespaced || !verbs.includes('list') || name.includes('/')) continue;
      const {items} = await api.call('GET', `${version}/namespaces/${namespace}/${name}`);
      for (const item of items) {
        if (!isOfNobody({kind, metadata: item.metadata})) found.add(`${kind} ${item.metadata.name}`);
      }
    }
  }
  return [...found].sort();
};

/** Resources outside of namespaces that say they are of a release. */
export const clusterWideOf = async (api: Api, release: string): Promise<string[]> => {
  const {groups} = await api.call('GET', '/apis');
  const versions: string[] = groups.map((group: Resource) => `/apis/${group.preferredVersion.groupVersion}`);
  const found: string[] = [];
  for (const version of ['/api/v1', ...versions]) {
    for (const {name, kind, namespaced, verbs} of (await api.call('GET', version)).resources as Resource[]) {
      if (namespaced || !verbs.includes('list') || name.includes('/')) continue;
      const selector = encodeURIComponent(`app.kubernetes.io/instance=${release}`);
      const {items} = await api.call('GET', `${version}/${name}?labelSelector=${selector}`);
      found.push(...items.map((item: Resource) => `${kind} ${item.metadata.name}`));
    }
  }
  return found;
};

export interface Watched {
  /** The fewest that were wanted, and that were ready, at any change since it began. */
  readonly wanted: number;
  readonly ready: number;
  readonly changes: number;
}

/** Follows a Deployment by its own numbers while something is done to it. */
export const whileWatching = async (
  api: Api,
  namespace: string,
  name: string,
  act: () => Promise<unknown>,
): Promise<Watched> => {
  let [wanted, ready, changes] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0];
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments?fieldSelector=metadata.name%3D${name}`;
  const stop = api.watch(path, (_type, {spec, status}) => {
    changes += 1;
    wanted = Math.min(wanted, spec.replicas);
    ready = Math.min(ready, status.readyReplicas ?? 0);
  });
  try {
    await act();
  } finally {
    stop();
  }
  return {wanted, ready, changes};
};
