{{- /*
Values as they have to be for every other template. `helm upgrade --reuse-values` brings those of the
chart that was installed, which know nothing of what came later: what is absent here is as
values.yaml has it, and what needs a word of yours is off. Every template that makes an object calls
this first. A key that was removed on purpose (`resources.limits: null`) is none of these.
*/ -}}
{{- define "homeostat.whole" -}}
{{- $sections := `
console: { enabled: false, address: 0.0.0.0, port: 7443 }
model:
  mode: none
  deadline: 100ms
  image: { repository: localhost/homeostat-model, tag: "", pullPolicy: IfNotPresent }
  resources: { requests: { cpu: 1m, memory: 448Mi }, limits: { memory: 1Gi } }
  node: { address: "", port: 8080, namespace: homeostat-model, tokenSecret: "" }
validate: { enabled: true }
fieldPolicy: { enabled: true }
incidents: { enabled: false, kept: 32 }
roles: { mode: both, address: 0.0.0.0, port: 7091, beside: { scope: none } }
changes: { enabled: false, address: 0.0.0.0, port: 9465 }
metrics:
  enabled: false
  address: 0.0.0.0
  port: 9464
  serviceMonitor: { enabled: false, interval: 30s, labels: {} }
  alerts: { enabled: false, labels: {} }
  dashboard: { enabled: false, labels: { grafana_dashboard: "1" } }
networkPolicy: { enabled: true }
` | fromYaml }}
{{- range $name, $section := $sections }}
{{- if kindIs "invalid" (index $.Values $name) }}{{ $_ := set $.Values $name dict }}{{ end }}
{{- $ours := index $.Values $name }}
{{- range $key, $value := $section }}
{{- if kindIs "invalid" (index $ours $key) }}{{ $_ := set $ours $key $value }}{{ end }}
{{- end }}
{{- end }}
{{- range $name := list "config" "resizeMax" }}
{{- if kindIs "invalid" (index $.Values $name) }}{{ $_ := set $.Values $name dict }}{{ end }}
{{- end }}
{{- if kindIs "invalid" .Values.deployments }}{{ $_ := set .Values "deployments" list }}{{ end }}
{{- end }}
