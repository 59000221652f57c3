{{- /* What the templates of _sidecar.tpl are made of. */ -}}

{{- /* The values, under the dependency's alias or its name. */ -}}
{{- define "postern.sidecar.values" -}}
{{- $values := get .Values "postern" | default (get .Values "postern-sidecar") -}}
{{- if not (kindIs "map" $values) -}}
{{- fail "postern-sidecar finds no values: depend on it with `alias: postern`, and write its values under `postern`" -}}
{{- end -}}
{{- toYaml $values -}}
{{- end -}}

{{- define "postern.sidecar.fullname" -}}
{{- $postern := include "postern.sidecar.values" . | fromYaml -}}
{{- $postern.fullnameOverride | default (printf "%s-postern" (.Release.Name | trunc 50 | trimSuffix "-")) -}}
{{- end -}}

{{- define "postern.sidecar.form" -}}
{{- $postern := include "postern.sidecar.values" . | fromYaml -}}
{{- if ne $postern.form "auto" -}}
{{- $postern.form -}}
{{- else -}}
{{- semverCompare ">=1.29.0-0" .Capabilities.KubeVersion.Version | ternary "native" "container" -}}
{{- end -}}
{{- end -}}

{{- /* postern.yaml: what the user wrote, and the addresses and times that the pod around it must agree with. */ -}}
{{- define "postern.sidecar.config" -}}
{{- $postern := include "postern.sidecar.values" . | fromYaml -}}
{{- $config := $postern.config -}}
{{- $server := $config.server | default dict -}}
{{- $admin := $config.admin | default dict -}}
{{- range $key, $instead := dict "listen" "listen" "drain" "drain.timeout" "drainDelay" "drain.delay" -}}
{{- if hasKey $server $key -}}
{{- fail (printf "config.server.%s is set by the chart, so that pod, probes and proxy agree with it: use the value %s" $key $instead) -}}
{{- end -}}
{{- end -}}
{{- if hasKey $admin "listen" -}}
{{- fail "config.admin.listen is set by the chart, so that the probes reach it: use the value ports.admin" -}}
{{- end -}}
{{- $address := printf "127.0.0.1:%v" $postern.ports.grpc -}}
{{- if eq $postern.listen "socket" -}}
{{- $address = printf "unix://%s/check.sock" $postern.socket.directory -}}
{{- end -}}
{{- $delay := $postern.drain.delay | default (eq (include "postern.sidecar.form" .) "native" | ternary "0s" "15s") -}}
{{- $_ := set $config "server" (merge (dict "listen" $address "drain" $postern.drain.timeout "drainDelay" $delay) $server) -}}
{{- $_ := set $config "admin" (merge (dict "listen" (printf "%s:%v" $postern.listenAddress $postern.ports.admin)) $admin) -}}
{{- if ($postern.state).enabled -}}
{{- if hasKey $config "state" -}}
{{- fail "config.state is set by the chart where state.enabled is: use the values state.sealKey and state.settings" -}}
{{- end -}}
{{- $state := dict "dir" $postern.state.directory -}}
{{- with $postern.state.sealKey -}}
{{- $_ := set $state "sealKey" . -}}
{{- end -}}
{{- $_ := set $config "state" (merge $state $postern.state.settings) -}}
{{- end -}}
{{- /* What is kept in a Redis that others share is found by this release only, also while its rules are updated. */ -}}
{{- if and $config.redis $config.entitlements (not (hasKey $config.entitlements "deployment")) -}}
{{- $_ := set $config.entitlements "deployment" (printf "%s/%s" .Release.Namespace (include "postern.sidecar.fullname" .)) -}}
{{- end -}}
{{- if not $config.rules -}}
{{- $_ := set $config "rules" (list (dict "name" "closed" "match" dict "deny" true)) -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{- /*
The container of both forms. Its probes go to the admin port on the pod's address: the kubelet reaches neither loopback nor a
socket. In the native form the startup probe holds the application back until Postern can decide.
*/ -}}
{{- define "postern.sidecar.container" -}}
{{- $postern := include "postern.sidecar.values" . | fromYaml -}}
- name: postern
  {{- if $postern.image.digest }}
  image: {{ $postern.image.repository }}@{{ $postern.image.digest }}
  {{- else }}
  image: {{ $postern.image.repository }}:{{ $postern.image.tag | default "0.1.0" }}
  {{- end }}
  imagePullPolicy: {{ $postern.image.pullPolicy }}
  args:
    - serve
    - -c
    - /etc/postern/postern.yaml
    {{- with $postern.extraArgs }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with $postern.extraEnv }}
  env: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if or $postern.existingSecret $postern.extraEnvFrom }}
  envFrom:
    {{- with $postern.existingSecret }}
    - secretRef: {name: {{ . }}}
    {{- end }}
    {{- with $postern.extraEnvFrom }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- end }}
  ports:
    - {name: postern-admin, containerPort: {{ $postern.ports.admin }}, protocol: TCP}
  startupProbe:
    httpGet: {path: /readyz, port: postern-admin}
    {{- toYaml $postern.startupProbe | nindent 4 }}
  readinessProbe:
    httpGet: {path: /readyz, port: postern-admin}
    {{- toYaml $postern.readinessProbe | nindent 4 }}
  livenessProbe:
    httpGet: {path: /livez, port: postern-admin}
    {{- toYaml $postern.livenessProbe | nindent 4 }}
  resources: {{- toYaml $postern.resources | nindent 4 }}
  securityContext: {{- toYaml $postern.securityContext | nindent 4 }}
  volumeMounts:
    - {name: postern-config, mountPath: /etc/postern, readOnly: true}
    {{- if eq $postern.listen "socket" }}
    - {name: postern-socket, mountPath: {{ $postern.socket.directory }}}
    {{- end }}
    {{- if $postern.secretFiles }}
    - {name: postern-secrets, mountPath: /run/secrets/postern, readOnly: true}
    {{- end }}
    {{- if ($postern.state).enabled }}
    - {name: postern-state, mountPath: {{ $postern.state.directory }}}
    {{- end }}
    {{- with $postern.extraVolumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}
