{{- /* Further Deployments of this release: one process guards them all (docs/kubernetes.md). */ -}}

{{- /* The values of one of them, as YAML: what it does not say is as for the first, but for what is only the first's. */ -}}
{{- define "homeostat.valuesOf" -}}
{{- $own := dict "service" dict "port" 0 "configs" list "configsRestart" false "replicasMax" 0 "resizeMax" dict }}
{{- $all := omit .all "service" "port" "configs" "configsRestart" "replicasMax" "resizeMax" "deployments" "changes" "console" }}
{{- /* Not `merge`, which takes a 0, a false and an empty list for what is not said. */ -}}
{{- $values := mergeOverwrite (deepCopy $all) (deepCopy $own) (deepCopy .one) }}
{{- $console := dict "enabled" false }}
{{- with .one.console }}{{ $console = mergeOverwrite (dict "enabled" true "key" "" "address" $.all.console.address) . }}{{ end }}
{{- $values = set $values "console" $console }}
{{- $autonomy := $values.autonomy }}
{{- if not $values.replicasMax }}{{ $autonomy = omit $autonomy "scale" }}{{ end }}
{{- if not (get $values.resizeMax "memory") }}{{ $autonomy = omit $autonomy "resize" }}{{ end }}
{{- /* A level of a task that only the first one declares is the first one's. */ -}}
{{- $levels := dict "tasks" dict }}
{{- $said := dig "autonomy" "tasks" dict .one }}
{{- range $name, $level := $autonomy.tasks }}
{{- $declared := false }}
{{- range $values.config.tasks }}{{ if eq .name $name }}{{ $declared = true }}{{ end }}{{ end }}
{{- if or $declared (hasKey $said $name) }}{{ $_ := set $levels.tasks $name $level }}{{ end }}
{{- end }}
{{- $autonomy = omit $autonomy "tasks" }}
{{- if $levels.tasks }}{{ $autonomy = mergeOverwrite $autonomy $levels }}{{ end }}
{{- $values = set $values "autonomy" $autonomy }}
{{- toYaml (set $values "changes" (dict "enabled" false)) }}
{{- end }}

{{- /* The configuration of one of them. */ -}}
{{- define "homeostat.configOf" -}}
{{- $values := include "homeostat.valuesOf" (dict "one" .one "all" .root.Values) | fromYaml }}
{{- include "homeostat.config" (dict "Values" $values "Release" .root.Release "Chart" .root.Chart) }}
{{- end }}

{{- /* All configurations: what a change of starts the agent again. */ -}}
{{- define "homeostat.configs" -}}
{{- include "homeostat.config" . }}
{{- range .Values.deployments }}{{ printf "\n---\n%s" (include "homeostat.configOf" (dict "one" . "root" $)) }}{{ end }}
{{- end }}

{{- define "homeostat.arguments" -}}
--config, homeostat.yaml{{ range .Values.deployments }}, --config, {{ .deployment }}.yaml{{ end }}
{{- end }}

{{- /* Behind `status` of a probe: one that is not guarded is no reason to end the process that guards the others. */ -}}
{{- define "homeostat.probed" -}}
{{- if .Values.deployments }}, {{ include "homeostat.arguments" . }}{{ end }}
{{- end }}

{{- /* Two seconds each: a minute, and for each further one the 15 s in which its controller may lag. */ -}}
{{- define "homeostat.startsWithin" -}}
{{- add 30 (mul 8 (len .Values.deployments)) }}
{{- end }}

{{- define "homeostat.configMounts" -}}
{{- range .Values.deployments }}
- name: config
  mountPath: /homeostat/{{ .deployment }}.yaml
  subPath: {{ .deployment }}.yaml
  readOnly: true
{{- end }}
{{- end }}

{{- /* What only reads, of one of them: listed and watched together, by the whole kind. */ -}}
{{- define "homeostat.readingRules" -}}
- apiGroups: ["apps"]
  resources: ["deployments"]
  verbs: ["list", "watch"]
{{- range .Values.deployments }}
- apiGroups: ["apps"]
  resources: ["deployments"]
  resourceNames: [{{ .deployment | quote }}]
  verbs: ["get"]
{{- with .service }}
- apiGroups: [""]
  resources: ["services"]
  resourceNames: [{{ .name | quote }}]
  verbs: ["get"]
- apiGroups: ["discovery.k8s.io"]
  resources: ["endpointslices"]
  verbs: ["list", "watch"]
{{- end }}
{{- range .configs }}
- apiGroups: [""]
  resources: ["configmaps"]
  resourceNames: [{{ . | quote }}]
  verbs: ["list", "watch"]
{{- end }}
{{- end }}
{{- end }}

{{- /* The CronJobs of which its tasks make Jobs, each once. */ -}}
{{- define "homeostat.jobTemplates" -}}
{{- $names := list }}
{{- range .Values.config.tasks }}{{ range (list .run .take_back) }}{{ with (default dict .).job }}
{{- $names = append $names . | uniq }}
{{- end }}{{ end }}{{ end }}
{{- toYaml $names }}
{{- end }}

{{- /* Whether a task that makes Jobs may be run some day. Empty: none. */ -}}
{{- define "homeostat.mayMakeJobs" -}}
{{- $levels := dig "tasks" dict .Values.autonomy }}
{{- range .Values.config.tasks }}
{{- if and (or (default dict .run).job (default dict .take_back).job) (has (get $levels .name) (list "ask" "act")) }}yes{{ end }}
{{- end }}
{{- end }}

{{- /* What one configuration needs in order to act, as `homeostat rbac` prints it. */ -}}
{{- define "homeostat.rules" -}}
- apiGroups: ["apps"]
  resources: ["deployments"]
  resourceNames: [{{ .Values.deployment | quote }}]
  verbs: ["get", "list", "watch" {{- if include "homeostat.may" (dict "autonomy" .Values.autonomy "remedies" (list "rollback" "pause_rollout")) }}, "patch"{{ end }}]
- apiGroups: ["apps"]
  resources: ["replicasets"]
  verbs: ["list", "watch"]
- apiGroups: [""]
  resources: ["pods"]
  verbs: ["get", "list", "watch"]
- apiGroups: ["events.k8s.io"]
  resources: ["events"]
  verbs: ["list", "watch" {{- if .Values.events }}, "create"{{ end }}]
{{- with .Values.service }}
- apiGroups: [""]
  resources: ["services"]
  resourceNames: [{{ .name | quote }}]
  verbs: ["get"]
- apiGroups: ["discovery.k8s.io"]
  resources: ["endpointslices"]
  verbs: ["list", "watch"]
{{- end }}
{{- with .Values.switch }}
- apiGroups: [""]
  resources: ["configmaps"]
  resourceNames: [{{ . | quote }}]
  verbs: ["list", "watch"]
{{- end }}
{{- with .Values.lease }}
- apiGroups: ["coordination.k8s.io"]
  resources: ["leases"]
  resourceNames: [{{ . | quote }}]
  verbs: ["get", "patch"]
- apiGroups: ["coordination.k8s.io"]
  resources: ["leases"]
  verbs: ["create"]
{{- end }}
{{- if .Values.incidents.enabled }}
- apiGroups: ["homeostat.dev"]
  resources: ["incidents"]
  verbs: ["list", "create", "patch", "delete"]
- apiGroups: ["homeostat.dev"]
  resources: ["incidents/status"]
  verbs: ["patch"]
{{- end }}
{{- $reverts := and .Values.configs (include "homeostat.may" (dict "autonomy" .Values.autonomy "remedies" (list "rollback"))) }}
{{- range .Values.configs }}
- apiGroups: [""]
  resources: ["configmaps"]
  resourceNames: [{{ . | quote }}]
  verbs: ["list", "watch" {{- if $reverts }}, "patch"{{ end }}]
{{- end }}
{{- if and .Values.replicasMax (include "homeostat.may" (dict "autonomy" .Values.autonomy "remedies" (list "scale"))) }}
- apiGroups: ["autoscaling"]
  resources: ["horizontalpodautoscalers"]
  verbs: ["list"]
- apiGroups: ["apps"]
  resources: ["deployments/scale"]
  resourceNames: [{{ .Values.deployment | quote }}]
  verbs: ["patch"]
{{- end }}
{{- if and .Values.resizeMax.memory (include "homeostat.may" (dict "autonomy" .Values.autonomy "remedies" (list "resize"))) }}
- apiGroups: [""]
  resources: ["pods/resize"]
  verbs: ["patch"]
{{- end }}
{{- $replaces := and $reverts .Values.configsRestart }}
{{- if or $replaces (include "homeostat.may" (dict "autonomy" .Values.autonomy "remedies" (list "restart" "rolling_restart"))) }}
- apiGroups: [""]
  resources: ["pods/eviction"]
  verbs: ["create"]
{{- end }}
{{- if include "homeostat.mayMakeJobs" . }}
{{- range include "homeostat.jobTemplates" . | fromYamlArray }}
- apiGroups: ["batch"]
  resources: ["cronjobs"]
  resourceNames: [{{ . | quote }}]
  verbs: ["get"]
{{- end }}
- apiGroups: ["batch"]
  resources: ["jobs"]
  verbs: ["list", "create"]
{{- end }}
{{- end }}
