{{- /*
What an application's chart includes. Each template takes the root context, finds the values under the name of the
dependency (`postern` by its alias, else `postern-sidecar`), and gives nothing where there is nothing to give:

  postern.sidecar             an item of initContainers: the native sidecar
  postern.container           an item of containers: the form for clusters without native sidecars
  postern.volumes             items of volumes
  postern.annotations         annotations of the pod
  postern.podSecurityContext  keys of the pod's securityContext
  postern.configMap           a whole manifest
  postern.podMonitor          a whole manifest; takes (list $ (dict ...labels that select the pods))
*/ -}}

{{- define "postern.sidecar" -}}
{{- $postern := include "postern.sidecar.values" . | fromYaml -}}
{{- if and $postern.enabled (eq (include "postern.sidecar.form" .) "native") -}}
{{ include "postern.sidecar.container" . }}
  restartPolicy: Always
{{- end -}}
{{- end -}}

{{- define "postern.container" -}}
{{- $postern := include "postern.sidecar.values" . | fromYaml -}}
{{- if and $postern.enabled (eq (include "postern.sidecar.form" .) "container") -}}
{{ include "postern.sidecar.container" . }}
{{- end -}}
{{- end -}}

{{- define "postern.volumes" -}}
{{- $postern := include "postern.sidecar.values" . | fromYaml -}}
{{- if $postern.enabled -}}
- name: postern-config
  configMap: {name: {{ $postern.existingConfigMap | default (include "postern.sidecar.fullname" .) }}}
{{- if eq $postern.listen "socket" }}
- name: postern-socket
  emptyDir: {medium: Memory, sizeLimit: 1Mi}
{{- end }}
{{- with $postern.secretFiles }}
- name: postern-secrets
  projected:
    sources:
      {{- range . }}
      - secret: {name: {{ . }}}
      {{- end }}
{{- end }}
{{- if ($postern.state).enabled }}
- name: postern-state
  {{- if $postern.state.existingClaim }}
  persistentVolumeClaim: {claimName: {{ $postern.state.existingClaim }}}
  {{- else }}
  emptyDir: {sizeLimit: {{ $postern.state.sizeLimit }}}
  {{- end }}
{{- end }}
{{- with $postern.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}
{{- end -}}

{{- define "postern.annotations" -}}
{{- $postern := include "postern.sidecar.values" . | fromYaml -}}
{{- $annotations := dict -}}
{{- if and $postern.enabled $postern.rollOnConfigChange (not $postern.existingConfigMap) -}}
{{- $_ := set $annotations "checksum/postern" (include "postern.configMap" . | sha256sum) -}}
{{- end -}}
{{- if and $postern.enabled $postern.istio.enabled -}}
{{- $_ := set $annotations "traffic.sidecar.istio.io/excludeInboundPorts" (toString $postern.ports.admin) -}}
{{- if eq $postern.listen "socket" -}}
{{- /* Both as maps by name: the injector's template takes the key for the name. It merges volumes by name. */ -}}
{{- $volume := dict "postern-socket" (dict "emptyDir" (dict "medium" "Memory" "sizeLimit" "1Mi")) -}}
{{- $mount := dict "postern-socket" (dict "mountPath" $postern.socket.directory) -}}
{{- $_ := set $annotations "sidecar.istio.io/userVolume" (toJson $volume) -}}
{{- $_ := set $annotations "sidecar.istio.io/userVolumeMount" (toJson $mount) -}}
{{- end -}}
{{- end -}}
{{- if $annotations -}}
{{- toYaml $annotations -}}
{{- end -}}
{{- end -}}

{{- define "postern.podSecurityContext" -}}
{{- $postern := include "postern.sidecar.values" . | fromYaml -}}
{{- if and $postern.enabled (eq $postern.listen "socket") -}}
fsGroup: {{ $postern.socket.group }}
{{- else if and $postern.enabled ($postern.state).enabled $postern.state.existingClaim -}}
{{- /* Else the volume is root's. */ -}}
fsGroup: {{ $postern.securityContext.runAsGroup }}
{{- end -}}
{{- end -}}

{{- define "postern.configMap" -}}
{{- $postern := include "postern.sidecar.values" . | fromYaml -}}
{{- if and $postern.enabled (not $postern.existingConfigMap) -}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "postern.sidecar.fullname" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    app.kubernetes.io/name: postern-sidecar
    app.kubernetes.io/instance: {{ .Release.Name }}
    app.kubernetes.io/managed-by: {{ .Release.Service }}
data:
  postern.yaml: |
    {{- include "postern.sidecar.config" . | nindent 4 }}
  {{- range $name, $content := $postern.files }}
  {{ $name }}: |
    {{- (kindIs "string" $content | ternary $content (toYaml $content)) | nindent 4 }}
  {{- end }}
{{- end -}}
{{- end -}}

{{- define "postern.podMonitor" -}}
{{- $root := index . 0 -}}
{{- $postern := include "postern.sidecar.values" $root | fromYaml -}}
{{- if and $postern.enabled $postern.podMonitor.enabled -}}
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata:
  name: {{ include "postern.sidecar.fullname" $root }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    app.kubernetes.io/name: postern-sidecar
    app.kubernetes.io/instance: {{ $root.Release.Name }}
    app.kubernetes.io/managed-by: {{ $root.Release.Service }}
    {{- with $postern.podMonitor.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  selector:
    matchLabels: {{- toYaml (index . 1) | nindent 6 }}
  podMetricsEndpoints:
    - port: postern-admin
      path: /metrics
      interval: {{ $postern.podMonitor.interval }}
      {{- with $postern.podMonitor.scrapeTimeout }}
      scrapeTimeout: {{ . }}
      {{- end }}
      {{- with $postern.podMonitor.relabelings }}
      relabelings: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $postern.podMonitor.metricRelabelings }}
      metricRelabelings: {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end -}}
{{- end -}}
