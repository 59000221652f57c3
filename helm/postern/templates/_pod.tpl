{{- /* The pod: how many, and what the container of the Deployment and that of the validating Job share. */ -}}

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

{{- /* Image, environment and files of either container. */ -}}
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
{{- define "postern.podVolumes" -}}
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
