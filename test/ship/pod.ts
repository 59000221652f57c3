// Runs a container of a rendered pod as a kubelet does: the image read-only, the volumes mounted, the user and groups that the
// security contexts say, its command and arguments, as process 1 of its own process namespace. The network is this machine's.
import {chmodSync, chownSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {temporaryFolder} from '../support/ports.ts';
import {type Running, start} from '../support/processes.ts';
import {ToolMissing} from '../support/tools.ts';
import type {Manifest} from './charts.ts';
import {image} from './image.ts';

/** The address of the pod. Not 127.0.0.1: what listens on the pod's loopback alone is not reached here, as in a cluster. */
export const podAddress = '127.0.0.2';

/** Fails where the machine cannot run containers so: it takes Linux and root. */
export const needsRoot = (): void => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new ToolMissing('Running the image takes Linux and root (unshare, mount, chroot).');
  }
};

// biome-ignore lint/suspicious/noExplicitAny: pieces of manifests, as they were rendered
type Part = any;

export interface Pod {
  /** The pod's spec. */
  readonly spec: Part;
  /** ConfigMaps and Secrets that its volumes name. */
  readonly maps: readonly Manifest[];
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Names of Services, which are this pod or another one on the same address. */
  readonly services?: readonly string[];
}

export interface Container {
  readonly process: Running;
  /** One probe of the container, once. */
  probe(kind: 'startupProbe' | 'readinessProbe' | 'livenessProbe'): Promise<boolean>;
  /** Resolves when the probe passes; rejects with the log if it does not within 20 s, or the container ends. */
  passes(kind: 'startupProbe' | 'readinessProbe'): Promise<void>;
  /** What the kubelet does first to end it: SIGTERM to its process 1. */
  terminate(): void;
  /** Ends it, and answers its exit code. */
  stop(): Promise<number | NodeJS.Signals>;
}

/** Folders of a pod's volumes, by name. */
export type Volumes = ReadonlyMap<string, string>;

/** Writes files as the kubelet does for ConfigMaps: behind one link, which changes for all of them at once. */
export const project = (folder: string, files: Readonly<Record<string, string>>, group: number, mode: number): void => {
  const version = `..${process.hrtime.bigint()}`;
  mkdirSync(join(folder, version));
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, version, name);
    writeFileSync(path, content);
    chownSync(path, 0, group);
    chmodSync(path, mode);
  }
  chmodSync(join(folder, version), 0o755);
  symlinkSync(version, join(folder, '..data.new'));
  renameSync(join(folder, '..data.new'), join(folder, '..data'));
  for (const name of Object.keys(files)) {
    try {
      symlinkSync(join('..data', name), join(folder, name));
    } catch {
      // There from before.
    }
  }
};

/** Makes the volumes of a pod. */
export const makeVolumes = ({spec, maps, secrets = {}}: Pod): Volumes => {
  const group: number = spec.securityContext?.fsGroup ?? 0;
  const volumes = new Map<string, string>();
  for (const volume of spec.volumes ?? []) {
    const folder = temporaryFolder();
    chmodSync(folder, 0o755);
    volumes.set(volume.name, folder);
    const mode = volume.secret?.defaultMode ?? volume.projected?.defaultMode ?? volume.configMap?.defaultMode ?? 0o644;
    if (volume.emptyDir !== undefined) {
      // The kubelet gives the volume to the pod's group, and what is made in it too (set-group-ID).
      chownSync(folder, 0, group);
      chmodSync(folder, group === 0 ? 0o777 : 0o2777);
    } else if (volume.configMap !== undefined) {
      const {name} = volume.configMap;
      const map =
        maps.find((one) => one.kind === 'ConfigMap' && one.metadata.name === name) ?? missing('ConfigMap', name);
      project(folder, map.data ?? {}, group, mode);
    } else if (volume.secret !== undefined) {
      const {secretName: name, optional} = volume.secret;
      project(folder, secretOf(secrets, {name, optional}), group, mode);
    } else if (volume.projected !== undefined) {
      const sources = volume.projected.sources as {secret: Named}[];
      project(folder, Object.assign({}, ...sources.map(({secret}) => secretOf(secrets, secret))), group, mode);
    }
  }
  return volumes;
};

interface Named {
  readonly name: string;
  readonly optional?: boolean;
}

const secretOf = (secrets: Pod['secrets'], {name, optional}: Named) =>
  secrets?.[name] ?? (optional === true ? {} : missing('Secret', name));

const missing = (kind: string, name: string): never => {
  throw new Error(`the pod wants a ${kind} ${name}, which is not there`);
};

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Starts a container of the pod by name; does not wait for any probe. */
export const startContainer = async (
  pod: Pod,
  name: string,
  volumes: Volumes,
  env: Readonly<Record<string, string>> = {},
): Promise<Container> => {
  const {spec} = pod;
  const all = [...(spec.initContainers ?? []), ...spec.containers] as Part[];
  const container = all.find((one) => one.name === name) ?? missing('container', name);
  const built = await image();
  const context = {...spec.securityContext, ...container.securityContext};
  if (context.readOnlyRootFilesystem !== true) throw new Error('the root file system is not read-only');
  const uid: number = context.runAsUser ?? built.user.uid;
  const gid: number = context.runAsGroup ?? (context.runAsUser === undefined ? built.user.gid : 0);
  if (context.runAsNonRoot === true && uid === 0) throw new Error('the container would run as root');

  const command: string[] = container.command ?? built.entrypoint;
  const args: string[] = container.args ?? (container.command === undefined ? built.command : []);
  const own = Object.fromEntries((container.env ?? []).map(({name: key, value}: Part) => [key, value]));
  const fromSecrets = (container.envFrom ?? []).map(({secretRef}: Part) => secretOf(pod.secrets, secretRef));
  // The kubelet writes /etc/hosts too; here it stands in for the cluster's DNS.
  const hosts = join(temporaryFolder(), 'hosts');
  writeFileSync(
    hosts,
    ['127.0.0.1 localhost', ...(pod.services ?? []).map((service) => `${podAddress} ${service}`), ''].join('\n'),
  );
  chmodSync(hosts, 0o644);
  chmodSync(join(hosts, '..'), 0o755);
  const steps = [
    `mount --bind ${built.root} ${built.root}`,
    `mount -t proc proc ${built.root}/proc`,
    `mount --bind /dev ${built.root}/dev`,
    `mount --bind ${hosts} ${built.root}/etc/hosts`,
    ...(container.volumeMounts ?? []).map(({name: volume, mountPath}: Part) => {
      const from = volumes.get(volume) ?? missing('volume', volume);
      return `mount --bind ${from} ${built.root}${mountPath}`;
    }),
    ...(container.volumeMounts ?? [])
      .filter(({readOnly}: Part) => readOnly === true)
      .map(({mountPath}: Part) => `mount -o remount,ro,bind ${built.root}${mountPath}`),
    `mount -o remount,ro,bind ${built.root}`,
    // The container's own PATH holds none of these programs.
    'setpriv=$(command -v setpriv) chroot=$(command -v chroot)',
    `export PATH=${quoted(built.env.PATH ?? '/usr/bin')}`,
    `exec "$setpriv" --no-new-privs "$chroot" --userspec=${uid}:${gid} --groups=${context.fsGroup ?? gid} ${built.root} ${[...command, ...args].map(quoted).join(' ')}`,
  ];
  const running = await start({
    name: `container ${name}`,
    command: 'unshare',
    args: ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-euc', steps.join('\n')],
    env: {...built.env, ...Object.assign({}, ...fromSecrets), ...own, ...env, PATH: process.env.PATH},
  });

  const probe: Container['probe'] = async (kind) => {
    const {httpGet} = container[kind];
    const port = container.ports.find((one: Part) => one.name === httpGet.port)?.containerPort ?? httpGet.port;
    const answer = await fetch(`http://${podAddress}:${port}${httpGet.path}`).catch(() => undefined);
    await answer?.arrayBuffer();
    return answer !== undefined && answer.status >= 200 && answer.status < 400;
  };
  const first = (): number => {
    const children = readFileSync(`/proc/${running.pid}/task/${running.pid}/children`, 'utf8');
    return Number(children.trim().split(' ')[0]);
  };
  const terminate = () => {
    if (running.alive()) process.kill(first(), 'SIGTERM');
  };
  return {
    process: running,
    probe,
    passes: async (kind) => {
      const until = performance.now() + 20_000;
      while (!(await probe(kind))) {
        if (!running.alive() || performance.now() > until)
          throw new Error(`${kind} does not pass:\n${running.output()}`);
        await sleep(50);
      }
    },
    terminate,
    stop: () => {
      terminate();
      return running.ended;
    },
  };
};
