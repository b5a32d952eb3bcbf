{{- /* What the executor's pod has from outside, reaches there, and is reached by: Secrets, pages for people, names. */ -}}

{{- define "homeostat.own.mounts" -}}
{{- range $index, $secret := .Values.secrets }}
{{- if has .name (list "agent" "changes" "model") }}
{{- fail (printf "secrets: secrets/%s is a folder of the chart's own; call that Secret otherwise" .name) }}
{{- end }}
- name: secret-{{ $index }}
  mountPath: /homeostat/secrets/{{ .name }}
  readOnly: true
{{- end }}
{{- range $index, $claim := .Values.claims }}
- name: claim-{{ $index }}
  mountPath: /homeostat/claims/{{ .name }}
{{- end }}
{{- end }}

{{- define "homeostat.own.volumes" -}}
{{- range $index, $secret := .Values.secrets }}
- name: secret-{{ $index }}
  secret:
    secretName: {{ .name | quote }}
    defaultMode: 0440  # For our fsGroup alone: one that others may read is refused.
{{- end }}
{{- range $index, $claim := .Values.claims }}
- name: claim-{{ $index }}
  persistentVolumeClaim:
    claimName: {{ .name | quote }}
{{- end }}
{{- end }}

{{- define "homeostat.environment" -}}
{{- range .Values.env }}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret | quote }}
      key: {{ .key | quote }}
{{- end }}
{{- end }}

{{- /* The pages behind links, one of each Deployment that has one, as YAML: whose, what its port is called, and where. */ -}}
{{- define "homeostat.consoles" -}}
{{- $consoles := list }}
{{- if .Values.console.enabled }}
{{- $consoles = append $consoles (dict "of" (include "homeostat.name" .) "called" "console" "port" .Values.console.port) }}
{{- end }}
{{- range $index, $one := .Values.deployments }}{{ with .console }}
{{- $of := printf "%s-%s" (include "homeostat.name" $) $one.deployment }}
{{- $consoles = append $consoles (dict "of" $of "called" (printf "console-%d" (add1 $index)) "port" .port) }}
{{- end }}{{ end }}
{{- $taken := list }}
{{- with .Values.roles }}{{ if eq .mode "split" }}{{ $taken = append $taken (int .port) }}{{ end }}{{ end }}
{{- range list .Values.changes .Values.metrics }}{{ if .enabled }}{{ $taken = append $taken (int .port) }}{{ end }}{{ end }}
{{- range $consoles }}
{{- if has (int .port) $taken }}
{{- fail (printf "console: port %d is taken already; each page and each door has a port of its own" (int .port)) }}
{{- end }}
{{- $taken = append $taken (int .port) }}
{{- end }}
{{- toYaml $consoles }}
{{- end }}

{{- /* Refuses of one configuration what could not work in this chart, and says why. */ -}}
{{- define "homeostat.check" -}}
{{- $config := .config }}
{{- if and (hasKey .Values.config "console") (or .Values.console.enabled .Values.deployments) }}
{{- fail "config.console: console says it, and of several deployments the `console` of each, so that each page has a port that people reach" }}
{{- end }}
{{- range $config.notify }}{{ if and (dig "webhook" "people" list .) (not (hasKey $config "console")) }}
{{- fail (printf "config.notify of %s: people get links, and nothing serves the page behind them; set console.enabled (of a further one deployments[].console), or leave people out" $config.service) }}
{{- end }}{{ end }}
{{- if and $config.tasks (eq .Values.roles.mode "split") }}
{{- fail "config.tasks: with roles.mode split the agent's pod would run their checks, which has no Secret of yours and no way out of the namespace; use roles.mode both" }}
{{- end }}
{{- range $config.tasks }}{{ range (list .check .run .take_back) }}{{ if hasKey (default dict .) "command" }}
{{- fail "config.tasks: a command needs a program, and the image has none besides ours; use http or job (docs/tasks.md)" }}
{{- end }}{{ end }}{{ end }}
{{- end }}

{{- /* Whether one configuration may ask for somebody by name. Empty: nothing in it does. */ -}}
{{- define "homeostat.asksByName" -}}
{{- $config := .Values.config }}
{{- if or $config.notify $config.tasks $config.block_sources (dig "record" "sinks" list $config) (dig "fleet" dict (default dict .Values.guard)) }}yes{{ end }}
{{- end }}

{{- define "homeostat.needsNames" -}}
{{- if .Values.networkPolicy.egress }}yes{{ end }}
{{- include "homeostat.asksByName" . }}
{{- range .Values.deployments }}
{{- include "homeostat.asksByName" (dict "Values" (include "homeostat.valuesOf" (dict "one" . "all" $.Values) | fromYaml)) }}
{{- end }}
{{- end }}

{{- /* Of the executor's NetworkPolicy: what the user lists, and name servers as soon as somebody is asked for by name. */ -}}
{{- define "homeostat.egress" -}}
{{- range .Values.networkPolicy.egress }}
- to:
  {{- if .cidr }}
  - ipBlock:
      cidr: {{ .cidr | quote }}
  {{- else }}
  - namespaceSelector:
      matchLabels:
        kubernetes.io/metadata.name: {{ .namespace }}
    {{- with .podLabels }}
    podSelector:
      matchLabels: {{- toYaml . | nindent 8 }}
    {{- end }}
  {{- end }}
  ports:
  {{- range .ports }}
  - protocol: TCP
    port: {{ . }}
  {{- end }}
{{- end }}
{{- if include "homeostat.needsNames" . }}
- ports:
  - protocol: UDP
    port: 53
  - protocol: TCP
    port: 53
  {{- with .Values.networkPolicy.dnsTo }}
  to: {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}
