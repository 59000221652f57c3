{{- /* Names, labels and the image, which all templates share. */ -}}

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

{{- define "postern.ownLabels" -}}
{{ include "postern.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- range $value := list "commonLabels" "podLabels" }}
{{- range $label := list "name" "instance" "component" "version" "managed-by" }}
{{- if hasKey (get $.Values $value | default dict) (printf "app.kubernetes.io/%s" $label) }}
{{- fail (printf "%s: app.kubernetes.io/%s is set by the chart: take it out, and name what you want with nameOverride or a label of your own" $value $label) }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "postern.labels" -}}
{{ include "postern.ownLabels" . }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* No label twice: those of pods stand in the place of common ones. */ -}}
{{- define "postern.podLabels" -}}
{{ include "postern.ownLabels" . }}
{{- with merge dict (.Values.podLabels | default dict) (.Values.commonLabels | default dict) }}
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
{{- range concat (.Values.imagePullSecrets | default list) ((.Values.global | default dict).imagePullSecrets | default list) -}}
{{- $all = append $all (ternary (dict "name" .) . (kindIs "string" .)) -}}
{{- end -}}
{{- with $all -}}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end -}}
