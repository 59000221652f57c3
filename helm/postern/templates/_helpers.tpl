{{- /* Names, labels and the configuration, which all templates share. */ -}}

{{- define "postern.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- /* A release may be called what a Service may not: with dots, or a digit first. */ -}}
{{- define "postern.fullname" -}}
{{- $name := include "postern.name" . -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- $full = .Values.fullnameOverride | default $full | replace "." "-" -}}
{{- $full = ternary (printf "postern-%s" $full) $full (regexMatch "^[0-9]" $full) -}}
{{- $full | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{- define "postern.selectorLabels" -}}
app.kubernetes.io/name: {{ include "postern.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: authorization
{{- end -}}

{{- define "postern.labels" -}}
{{ include "postern.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "postern.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "postern.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{- define "postern.image" -}}
{{- $global := .Values.global | default dict -}}
{{- $registry := .Values.image.registry | default $global.imageRegistry -}}
{{- $repository := ternary (printf "%s/%s" $registry .Values.image.repository) .Values.image.repository (not (empty $registry)) -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- /* Secrets to pull the image: the chart's own and the global ones, which may be names alone. */ -}}
{{- define "postern.imagePullSecrets" -}}
{{- $all := list -}}
{{- range concat .Values.imagePullSecrets ((.Values.global | default dict).imagePullSecrets | default list) -}}
{{- $all = append $all (ternary (dict "name" .) . (kindIs "string" .)) -}}
{{- end -}}
{{- with $all -}}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end -}}

{{- /* The Deployment as it is in the cluster; empty where there is none, or no cluster (`helm template`). */ -}}
{{- define "postern.running" -}}
{{- lookup "apps/v1" "Deployment" .Release.Namespace (include "postern.fullname" .) | default dict | toJson -}}
{{- end -}}

{{- /*
Hooks are no part of a release: one that failed would outlive it. What an upgrade makes belongs to the Deployment that is
there, and goes with it.
*/ -}}
{{- define "postern.ofRelease" -}}
{{- with (include "postern.running" . | fromJson).metadata -}}
ownerReferences:
  - {apiVersion: apps/v1, kind: Deployment, name: {{ .name }}, uid: {{ .uid }}}
{{- end -}}
{{- end -}}

{{- /*
How many pods. Where autoscaling is on, or was until now, as many as run: without a number the merge of an upgrade would set
it to one until the autoscaler acts. Its bounds are left to the autoscaler: the number is its own, and Helm 4 may not write
another one (server-side apply).
*/ -}}
{{- define "postern.replicas" -}}
{{- $running := include "postern.running" . | fromJson -}}
{{- $now := int (dig "spec" "replicas" 0 $running) -}}
{{- if .Values.autoscaling.enabled -}}
{{- if not .Values.autoscaling.omitReplicas -}}
replicas: {{ $now | default .Values.autoscaling.minReplicas }}
{{- end -}}
{{- else if eq (include "postern.autoscaled" $running) "true" -}}
replicas: {{ $now }}
{{- else -}}
replicas: {{ .Values.replicaCount }}
{{- end -}}
{{- end -}}

{{- /* Was autoscaling on until now? Takes the Deployment as it is in the cluster, which says so in an annotation. */ -}}
{{- define "postern.autoscaled" -}}
{{- dig "metadata" "annotations" "postern/autoscaling" "false" . -}}
{{- end -}}

{{- /* What the container of the Deployment and that of the validating Job share: image, environment and files. */ -}}
{{- define "postern.environment" -}}
image: {{ include "postern.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- with .Values.extraEnv }}
env: {{- toYaml . | nindent 2 }}
{{- end }}
{{- if or .Values.existingSecret .Values.extraEnvFrom }}
envFrom:
  {{- with .Values.existingSecret }}
  - secretRef: {name: {{ . }}}
  {{- end }}
  {{- with .Values.extraEnvFrom }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
securityContext: {{- toYaml .Values.securityContext | nindent 2 }}
volumeMounts:
  - {name: config, mountPath: /etc/postern, readOnly: true}
  {{- if .Values.secretFiles }}
  - {name: secrets, mountPath: /run/secrets/postern, readOnly: true}
  {{- end }}
  {{- if .Values.tls.enabled }}
  - {name: tls, mountPath: /run/secrets/postern-tls, readOnly: true}
  {{- end }}
  {{- if (.Values.state).enabled }}
  - {name: state, mountPath: {{ .Values.state.directory }}}
  {{- end }}
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- /* Their volumes. Takes the context, the name of the ConfigMap, and whether the certificate may be yet to come. */ -}}
{{- define "postern.volumes" -}}
{{- $context := .context -}}
{{- with $context.Values -}}
volumes:
  - name: config
    configMap: {name: {{ $.configMap }}}
  {{- if .secretFiles }}
  - name: secrets
    projected:
      defaultMode: 0440
      sources:
        {{- range .secretFiles }}
        - secret: {name: {{ . }}}
        {{- end }}
  {{- end }}
  {{- if .tls.enabled }}
  - name: tls
    secret:
      secretName: {{ include "postern.tlsSecretName" $context }}
      defaultMode: 0440
      {{- if $.early }}
      optional: true
      {{- end }}
  {{- end }}
  {{- if (.state).enabled }}
  - name: state
    {{- if and .state.existingClaim (not $.early) }}
    persistentVolumeClaim: {claimName: {{ .state.existingClaim }}}
    {{- else }}
    emptyDir: {sizeLimit: {{ .state.sizeLimit }}}
    {{- end }}
  {{- end }}
  {{- with .extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}
{{- end -}}

{{- /* The content of the ConfigMap. */ -}}
{{- define "postern.files" -}}
postern.yaml: |
  {{- include "postern.config" . | nindent 2 }}
{{- range $name, $content := .Values.files }}
{{ $name }}: |
  {{- (kindIs "string" $content | ternary $content (toYaml $content)) | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "postern.tlsSecretName" -}}
{{- if .Values.tls.existingSecret -}}
{{- .Values.tls.existingSecret -}}
{{- else if .Values.tls.certManager.enabled -}}
{{- include "postern.fullname" . }}-tls
{{- else -}}
{{- fail "tls.enabled needs a certificate: set tls.existingSecret, or tls.certManager.enabled" -}}
{{- end -}}
{{- end -}}

{{- /* postern.yaml: what the user wrote, and the addresses, certificates and times that the pod around it must agree with. */ -}}
{{- define "postern.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- $server := $config.server | default dict -}}
{{- $admin := $config.admin | default dict -}}
{{- range $key, $instead := dict "listen" "ports.grpc" "tls" "tls" "drain" "drain.timeout" "drainDelay" "drain.delay" -}}
{{- if hasKey $server $key -}}
{{- fail (printf "config.server.%s is set by the chart, so that pod, probes and Service agree with it: use the value %s" $key $instead) -}}
{{- end -}}
{{- end -}}
{{- if hasKey $admin "listen" -}}
{{- fail "config.admin.listen is set by the chart, so that the probes reach it: use the value ports.admin" -}}
{{- end -}}
{{- $set := dict "listen" (printf "%s:%v" .Values.listenAddress .Values.ports.grpc) "drain" .Values.drain.timeout "drainDelay" .Values.drain.delay -}}
{{- if .Values.tls.enabled -}}
{{- $tls := dict "cert" "/run/secrets/postern-tls/tls.crt" "key" "/run/secrets/postern-tls/tls.key" -}}
{{- if .Values.tls.clientCa -}}
{{- $_ := set $tls "clientCa" "/run/secrets/postern-tls/ca.crt" -}}
{{- end -}}
{{- $_ := set $set "tls" $tls -}}
{{- end -}}
{{- $_ := set $config "server" (merge $set $server) -}}
{{- $_ := set $config "admin" (merge (dict "listen" (printf "%s:%v" .Values.listenAddress .Values.ports.admin)) $admin) -}}
{{- if (.Values.state).enabled -}}
{{- if hasKey $config "state" -}}
{{- fail "config.state is set by the chart where state.enabled is: use the values state.sealKey and state.settings" -}}
{{- end -}}
{{- $state := dict "dir" .Values.state.directory -}}
{{- with .Values.state.sealKey -}}
{{- $_ := set $state "sealKey" . -}}
{{- end -}}
{{- $_ := set $config "state" (merge $state .Values.state.settings) -}}
{{- end -}}
{{- /* What is kept in a Redis that others share is found by this release only, also while its rules are updated. */ -}}
{{- if and $config.entitlements (not (hasKey $config.entitlements "deployment")) -}}
{{- $_ := set $config.entitlements "deployment" (printf "%s/%s" .Release.Namespace .Release.Name) -}}
{{- end -}}
{{- if not $config.rules -}}
{{- $_ := set $config "rules" (list (dict "name" "closed" "match" dict "deny" true)) -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{- /* A duration of the configuration in whole seconds, rounded up. */ -}}
{{/* The port on which the application asks (config.answers.listen), where others than the pod itself can reach it. */}}
{{- define "postern.answersPort" -}}
{{- $listen := dig "answers" "listen" "" .Values.config | toString -}}
{{- if and $listen (not (hasPrefix "unix:" $listen)) (not (regexMatch "^(127\\.|localhost:|\\[::1\\]:)" $listen)) -}}
{{- regexFind "[0-9]+$" $listen -}}
{{- end -}}
{{- end -}}

{{- define "postern.seconds" -}}
{{- $count := regexFind "^[0-9]+" . | int -}}
{{- $unit := regexFind "[a-z]+$" . -}}
{{- if eq $unit "ms" -}}
{{- div (add $count 999) 1000 -}}
{{- else -}}
{{- mul $count (get (dict "s" 1 "m" 60 "h" 3600) $unit) -}}
{{- end -}}
{{- end -}}

{{- /* What ServiceMonitor and PodMonitor share: name, place and labels. Takes the context and the monitor's values. */ -}}
{{- define "postern.monitorMetadata" -}}
name: {{ include "postern.fullname" .context }}
namespace: {{ .monitor.namespace | default .context.Release.Namespace }}
labels:
  {{- include "postern.labels" .context | nindent 2 }}
  {{- with .monitor.labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .monitor.annotations }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- /* What ServiceMonitor and PodMonitor share: the endpoint. Takes the monitor's values. */ -}}
{{- define "postern.scrape" -}}
port: admin
path: /metrics
interval: {{ .interval }}
{{- with .scheme }}
scheme: {{ . }}
{{- end }}
{{- with .tlsConfig }}
tlsConfig: {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .honorLabels }}
honorLabels: true
{{- end }}
{{- with .scrapeTimeout }}
scrapeTimeout: {{ . }}
{{- end }}
{{- with .relabelings }}
relabelings: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .metricRelabelings }}
metricRelabelings: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- /*
Ports that the configuration leads out to, as a JSON list: those of issuers, vendors, sources, the proxy and Redis. What
comes from outside (`${REDIS_URL}`) cannot be seen here: for Redis its usual port is taken, and NOTES say so.
*/ -}}
{{- define "postern.egressPorts" -}}
{{- $config := .Values.config -}}
{{- $remote := $config.remote | default dict -}}
{{- $redis := $config.redis | default dict -}}
{{- $urls := list -}}
{{- $calls := printf "%s%s" (toJson ($config.providers | default list)) (toJson ($config.entitlements | default dict)) -}}
{{- if or (not $remote.proxy) $remote.noProxy -}}
{{- range regexFindAll "\"(?:issuer|jwksUri|endpoint|url|domain|baseUrl|managementDomain)\":\"https?://[^\"]*\"" $calls -1 -}}
{{- $urls = append $urls (regexReplaceAll "^\"[^\"]*\":\"|\"$" . "") -}}
{{- end -}}
{{- if regexMatch "\"type\":\"(?:frontegg|kinde|cognito)\"" $calls -}}
{{- $urls = append $urls "https://vendor" -}}
{{- end -}}
{{- end -}}
{{- with $remote.proxy -}}
{{- $urls = append $urls . -}}
{{- end -}}
{{- with $redis.url -}}
{{- $urls = append $urls (ternary "redis://unknown" . (regexMatch "^\\$\\{[^}]*\\}$" .)) -}}
{{- end -}}
{{- range concat ($redis.cluster | default list) (($redis.sentinel | default dict).nodes | default list) -}}
{{- $urls = append $urls (printf "redis://%s" .) -}}
{{- end -}}
{{- if $redis.sentinel -}}
{{- $urls = append $urls "redis://master" -}}
{{- end -}}
{{- range .Values.extraEnv -}}
{{- if and (regexMatch "^OTEL_EXPORTER_OTLP_(TRACES_)?ENDPOINT$" .name) .value -}}
{{- $urls = append $urls .value -}}
{{- end -}}
{{- end -}}
{{- $usual := dict "http" 80 "https" 443 "redis" 6379 "rediss" 6379 -}}
{{- $ports := list -}}
{{- range $urls -}}
{{- $written := regexFind "^(?:https?|rediss?)://(?:[^/@]*@)?(?:\\[[^\\]]*\\]|[^/:?]*):[0-9]+" . -}}
{{- if $written -}}
{{- $ports = append $ports (regexFind "[0-9]+$" $written | int) -}}
{{- else if regexMatch "^(?:https?|rediss?)://" . -}}
{{- $ports = append $ports (get $usual (regexFind "^[a-z]+" .)) -}}
{{- end -}}
{{- end -}}
{{- toJson ($ports | uniq) -}}
{{- end -}}

{{- /* Those of them that no rule of the values speaks of: whoever names a port has said where it may lead. */ -}}
{{- define "postern.derivedEgress" -}}
{{- $rules := .Values.networkPolicy.egress | default list -}}
{{- $named := list -}}
{{- $all := false -}}
{{- range $rules -}}
{{- if not .ports -}}
{{- $all = true -}}
{{- end -}}
{{- range .ports -}}
{{- $named = append $named (toString .port) -}}
{{- end -}}
{{- end -}}
{{- $derived := list -}}
{{- if and .Values.networkPolicy.egressFromConfig (not $all) (not .Values.existingConfigMap) -}}
{{- range include "postern.egressPorts" . | fromJsonArray -}}
{{- if not (has (toString .) $named) -}}
{{- $derived = append $derived (dict "port" (int .) "protocol" "TCP") -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $derived -}}
{{- end -}}
