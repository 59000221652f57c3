// What kwok is told: how pods of the test's node come up, where their logs are, and where `kubectl exec` runs a command.
import {stringify} from 'yaml';

const stage = (name: string, kind: string, expressions: readonly object[], next: object, milliseconds = 0) => ({
  apiVersion: 'kwok.x-k8s.io/v1alpha1',
  kind: 'Stage',
  metadata: {name},
  spec: {
    resourceRef: {apiGroup: 'v1', kind},
    selector: {matchExpressions: expressions},
    ...(milliseconds > 0 && {delay: {durationMilliseconds: milliseconds}}),
    next,
  },
});

const isThere = (key: string, operator: 'Exists' | 'DoesNotExist') => ({key, operator});
const conditions = (types: readonly string[]) =>
  types.map((type) => `- {type: ${type}, status: "True", lastTransitionTime: {{ $now | Quote }}}`).join('\n');

/** How a pod with this annotation, and every pod of a Job or of `helm test`, comes up: by running its container. */
export const runsAnnotation = 'test/runs';

const runs = [
  {key: '.metadata.ownerReferences.[].kind', operator: 'NotIn', values: ['Job']},
  {key: '.metadata.labels["app.kubernetes.io/component"]', operator: 'NotIn', values: ['test']},
  isThere(`.metadata.annotations["${runsAnnotation}"]`, 'DoesNotExist'),
];

const podReady = `{{ $now := Now }}
phase: Running
startTime: {{ $now | Quote }}
podIP: {{ PodIPWith .spec.nodeName false ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) | Quote }}
conditions:
${conditions(['Initialized', 'Ready', 'ContainersReady'])}
containerStatuses:
{{ range .spec.containers }}
- {name: {{ .name | Quote }}, image: {{ .image | Quote }}, imageID: "", ready: true, started: true, restartCount: 0, state: {running: {startedAt: {{ $now | Quote }}}}}
{{ end }}
initContainerStatuses:
{{ range .spec.initContainers }}
- {name: {{ .name | Quote }}, image: {{ .image | Quote }}, imageID: "", ready: true, started: true, restartCount: 0, state: {running: {startedAt: {{ $now | Quote }}}}}
{{ end }}
`;

const nodeReady = `{{ $now := Now }}
conditions:
${conditions(['Ready'])}
addresses:
- {type: InternalIP, address: {{ NodeIP | Quote }}}
- {type: Hostname, address: {{ NodeName | Quote }}}
daemonEndpoints: {kubeletEndpoint: {Port: {{ NodePort }}}}
allocatable: {cpu: "100", memory: 1Ti, pods: "1000"}
capacity: {cpu: "100", memory: 1Ti, pods: "1000"}
`;

export interface NodeFiles {
  /** File with the log of each container, by the container's name. */
  readonly logs: Readonly<Record<string, string>>;
  /** Environment and folder of what \`kubectl exec\` runs in a container \`postern\`. */
  readonly exec: {readonly folder: string; readonly env: Readonly<Record<string, string>>};
  /** How long a pod takes to become ready, in milliseconds. */
  readonly startup: number;
}

/** The configuration of kwok, as YAML. */
export const kwokConfig = ({logs, exec, startup}: NodeFiles): string => {
  const about = {apiVersion: 'kwok.x-k8s.io/v1alpha1', metadata: {name: 'all'}};
  const pending = {key: '.status.phase', operator: 'In', values: ['Pending']};
  const stays = isThere('.metadata.deletionTimestamp', 'DoesNotExist');
  const resources = [
    stage('node', 'Node', [isThere('.status.addresses', 'DoesNotExist')], {statusTemplate: nodeReady}),
    stage('pod-ready', 'Pod', [stays, pending, ...runs], {statusTemplate: podReady}, startup),
    stage('pod-gone', 'Pod', [isThere('.metadata.deletionTimestamp', 'Exists')], {delete: true}),
    {
      ...about,
      kind: 'ClusterLogs',
      spec: {logs: Object.entries(logs).map(([name, logsFile]) => ({containers: [name], logsFile}))},
    },
    {
      ...about,
      kind: 'ClusterExec',
      spec: {
        execs: [
          {
            containers: ['postern'],
            local: {workDir: exec.folder, envs: Object.entries(exec.env).map(([name, value]) => ({name, value}))},
          },
        ],
      },
    },
  ];
  return resources.map((one) => stringify(one)).join('---\n');
};
