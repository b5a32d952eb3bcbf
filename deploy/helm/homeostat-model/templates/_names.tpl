{{- define "homeostat-model.selector" -}}
app.kubernetes.io/name: homeostat-model
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "homeostat-model.labels" -}}
{{ include "homeostat-model.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
