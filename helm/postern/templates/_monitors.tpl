{{- /* What ServiceMonitor and PodMonitor share. */ -}}

{{- /* Name, place and labels. Takes the context and the monitor's values. */ -}}
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

{{- /* The endpoint. Takes the monitor's values. */ -}}
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
