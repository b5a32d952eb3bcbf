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

{{- /* Another name than the executor's: no Service of the executor may lead to an agent. */ -}}
{{- define "homeostat.agentSelector" -}}
app.kubernetes.io/name: homeostat-agent
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "homeostat.agentLabels" -}}
{{ include "homeostat.agentSelector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "homeostat.besideSelector" -}}
app.kubernetes.io/name: homeostat-beside
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "homeostat.besideLabels" -}}
{{ include "homeostat.besideSelector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- /* Of no pod that anybody is sent to. */ -}}
{{- define "homeostat.validateLabels" -}}
app.kubernetes.io/name: homeostat-validate
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- /* homeostat.yaml, whole. */ -}}
{{- define "homeostat.config" -}}
{{- $place := dict "namespace" .Release.Namespace "deployment" .Values.deployment "slots" .Values.slots }}
{{- with .Values.service }}{{ $place = set $place "service" . }}{{ end }}
{{- with .Values.port }}{{ $place = set $place "port" . }}{{ end }}
{{- with .Values.switch }}{{ $place = set $place "switch" . }}{{ end }}
{{- with .Values.lease }}{{ $place = set $place "lease" . }}{{ end }}
{{- with .Values.replicasMax }}{{ $place = set $place "replicas_max" . }}{{ end }}
{{- with .Values.resizeMax }}{{ $place = set $place "resize_max" . }}{{ end }}
{{- with .Values.configs }}{{ $place = set $place "configs" . }}{{ end }}
{{- if .Values.configsRestart }}{{ $place = set $place "configs_restart" true }}{{ end }}
{{- if .Values.events }}{{ $place = set $place "events" true }}{{ end }}
{{- if .Values.incidents.enabled }}{{ $place = merge $place (dict "incidents" true "incidents_kept" .Values.incidents.kept) }}{{ end }}
{{- $config := dict "service" .Values.deployment "runtime" (dict "kubernetes" $place) }}
{{- with .Values.metrics }}{{ if .enabled }}
{{- $config = set $config "metrics" (dict "listen" (printf "%s:%v" .address .port)) }}
{{- end }}{{ end }}
{{- with .Values.roles }}{{ if eq .mode "split" }}
{{- $agents := .agents }}
{{- with .beside }}{{ if ne .scope "none" }}{{ $agents = append $agents (dict "key" .key "scope" .scope) }}{{ end }}{{ end }}
{{- $config = set $config "roles" (dict "listen" (printf "%s:%v" .address .port) "key" "/homeostat/secrets/agent/agent.key" "agents" $agents) }}
{{- end }}{{ end }}
{{- with .Values.maintenance }}{{ $config = set $config "guard" (dict "maintenance" .) }}{{ end }}
{{- with .Values.changes }}{{ if .enabled }}
{{- $names := list }}
{{- range list "" (printf ".%s" $.Release.Namespace) (printf ".%s.svc" $.Release.Namespace) (printf ".%s.svc.cluster.local" $.Release.Namespace) }}
{{- $names = append $names (printf "%s-changes%s:%v" (include "homeostat.name" $) . $.Values.changes.port) }}
{{- end }}
{{- $door := dict "listen" (printf "%s:%v" .address .port) "open" true "token_file" "/homeostat/secrets/changes/token" "hosts" $names }}
{{- $config = set $config "changes" (prepend (get $.Values.config "changes" | default list) (dict "door" $door)) }}
{{- end }}{{ end }}
{{- with .Values.console }}{{ if .enabled }}
{{- $page := dict "listen" (printf "%s:%v" .address .port) "open" true "url" .url }}
{{- with .key }}{{ $page = set $page "key" . }}{{ end }}
{{- $config = set $config "console" $page }}
{{- end }}{{ end }}
{{- if ne .Values.model.mode "none" }}{{ $config = set $config "model" (include "homeostat.model.config" . | fromYaml) }}{{ end }}
{{- $oracle := dict "oracle" (ternary "rules" "both" (eq .Values.model.mode "none")) }}
{{- $config = merge $config (pick .Values "signals" "guard" "autonomy") .Values.config $oracle }}
{{- include "homeostat.check" (dict "Values" .Values "config" $config) }}
{{- toYaml $config }}
{{- end }}

{{- /* Whether one of these remedies may act. Empty: none of them. */ -}}
{{- define "homeostat.may" -}}
{{- $autonomy := .autonomy }}
{{- range .remedies }}{{ if has (get $autonomy .) (list "ask" "act") }}yes{{ end }}{{ end }}
{{- end }}
