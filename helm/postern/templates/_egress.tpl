{{- /* Where the NetworkPolicy lets the pod go. */ -}}

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
