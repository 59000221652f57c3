{{- /* The configuration, and what the manifests around it must know of it. */ -}}

{{- /* The content of the ConfigMap. */ -}}
{{- define "postern.files" -}}
postern.yaml: |
  {{- include "postern.config" . | nindent 2 }}
{{- range $name, $content := .Values.files }}
{{ $name }}: |
  {{- (kindIs "string" $content | ternary $content (toYaml $content)) | nindent 2 }}
{{- end }}
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

{{- define "postern.tlsSecretName" -}}
{{- if .Values.tls.existingSecret -}}
{{- .Values.tls.existingSecret -}}
{{- else if .Values.tls.certManager.enabled -}}
{{- include "postern.fullname" . }}-tls
{{- else -}}
{{- fail "tls.enabled needs a certificate: set tls.existingSecret, or tls.certManager.enabled" -}}
{{- end -}}
{{- end -}}

{{- /* The port on which the application asks (config.answers.listen), where others than the pod itself can reach it. */ -}}
{{- define "postern.answersPort" -}}
{{- $listen := dig "answers" "listen" "" .Values.config | toString -}}
{{- if and $listen (not (hasPrefix "unix:" $listen)) (not (regexMatch "^(127\\.|localhost:|\\[::1\\]:)" $listen)) -}}
{{- regexFind "[0-9]+$" $listen -}}
{{- end -}}
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
