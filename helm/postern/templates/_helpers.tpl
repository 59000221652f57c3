{{- /* Names, labels and the configuration, which all templates share. */ -}}

{{- define "postern.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "postern.fullname" -}}
{{- $name := include "postern.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 53 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 53 | trimSuffix "-" -}}
{{- end -}}
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
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
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
{{- if not $config.rules -}}
{{- $_ := set $config "rules" (list (dict "name" "closed" "match" dict "deny" true)) -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{- /* A duration of the configuration in whole seconds, rounded up. */ -}}
{{- define "postern.seconds" -}}
{{- $count := regexFind "^[0-9]+" . | int -}}
{{- $unit := regexFind "[a-z]+$" . -}}
{{- if eq $unit "ms" -}}
{{- div (add $count 999) 1000 -}}
{{- else -}}
{{- mul $count (get (dict "s" 1 "m" 60 "h" 3600) $unit) -}}
{{- end -}}
{{- end -}}

{{- /* What ServiceMonitor and PodMonitor share: the endpoint. Takes the monitor's values. */ -}}
{{- define "postern.scrape" -}}
port: admin
path: /metrics
interval: {{ .interval }}
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
