{{- define "homeostat.name" -}}
homeostat-{{ .Values.deployment }}
{{- end }}

{{- define "homeostat.selector" -}}
app.kubernetes.io/name: homeostat
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "homeostat.labels" -}}
{{ include "homeostat.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- /* homeostat.yaml, whole. */ -}}
{{- define "homeostat.config" -}}
{{- $place := dict "namespace" .Release.Namespace "deployment" .Values.deployment "slots" .Values.slots }}
{{- with .Values.service }}{{ $place = set $place "service" . }}{{ end }}
{{- with .Values.port }}{{ $place = set $place "port" . }}{{ end }}
{{- $config := dict "service" .Values.deployment "runtime" (dict "kubernetes" $place) }}
{{- with .Values.metrics }}{{ if .enabled }}
{{- $config = set $config "metrics" (dict "listen" (printf "%s:%v" .address .port)) }}
{{- end }}{{ end }}
{{- $config = merge $config (pick .Values "signals" "guard" "autonomy") .Values.config }}
{{- toYaml $config }}
{{- end }}

{{- /* Whether one of these remedies may act. Empty: none of them. */ -}}
{{- define "homeostat.may" -}}
{{- $autonomy := .autonomy }}
{{- range .remedies }}{{ if has (get $autonomy .) (list "ask" "act") }}yes{{ end }}{{ end }}
{{- end }}
