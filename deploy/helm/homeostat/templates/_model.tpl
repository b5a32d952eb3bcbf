{{- /* The local model of the pod that judges: `both` of roles in one, or the agent of two.
       docs/kubernetes.md, "A model on the node". Each define is empty where it has no part. */ -}}

{{- /* The key `model` of homeostat.yaml. */ -}}
{{- define "homeostat.model.config" -}}
{{- $model := dict "deadline" .Values.model.deadline }}
{{- if eq .Values.model.mode "pod" }}
{{- $model = set $model "url" "unix:/homeostat/model/model.sock" }}
{{- else }}
{{- with .Values.model.node }}
{{- $model = set $model "url" (printf "http://%s:%v" .address .port) }}
{{- $model = set $model "token_file" "/homeostat/secrets/model/token" }}
{{- end }}
{{- end }}
{{- toYaml $model }}
{{- end }}

{{- define "homeostat.model.container" -}}
{{- if eq .Values.model.mode "pod" -}}
- name: model
  image: {{ printf "%s:%s" .Values.model.image.repository (.Values.model.image.tag | default .Chart.AppVersion) | quote }}
  imagePullPolicy: {{ .Values.model.image.pullPolicy }}
  # A socket of the volume that both containers have. Nobody outside of the pod finds it.
  args: [--host, /homeostat/model/model.sock, --group-socket]
  # No probe: short of processor time is no fault, and the agent asks for a decision before it counts
  # on one. What has ended is started again by the kubelet.
  securityContext:
    runAsNonRoot: true
    runAsUser: 65531
    runAsGroup: 65531
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    capabilities:
      drop: [ALL]
  resources: {{- toYaml .Values.model.resources | nindent 4 }}
  volumeMounts:
  - name: model
    mountPath: /homeostat/model
  # Where something is mounted already the cluster puts no token of the pod's account: this container
  # has none.
  - name: no-token
    mountPath: /var/run/secrets/kubernetes.io/serviceaccount
    readOnly: true
{{- end }}
{{- end }}

{{- define "homeostat.model.mounts" -}}
{{- if eq .Values.model.mode "pod" -}}
- name: model
  mountPath: /homeostat/model
  readOnly: true
{{- else if eq .Values.model.mode "node" -}}
- name: model-token
  mountPath: /homeostat/secrets/model
  readOnly: true
{{- end }}
{{- end }}

{{- define "homeostat.model.volumes" -}}
{{- if eq .Values.model.mode "pod" -}}
- name: model
  emptyDir: { sizeLimit: 1Mi }
- name: no-token
  emptyDir: { sizeLimit: 1Mi }
{{- else if eq .Values.model.mode "node" -}}
- name: model-token
  secret:
    secretName: {{ .Values.model.node.tokenSecret }}
    defaultMode: 0440  # For our fsGroup alone: one that others may read is refused.
{{- end }}
{{- end }}

{{- /* Of its NetworkPolicy. */ -}}
{{- define "homeostat.model.egress" -}}
{{- if eq .Values.model.mode "node" -}}
- to:
  - namespaceSelector:
      matchLabels:
        kubernetes.io/metadata.name: {{ .Values.model.node.namespace }}
    podSelector:
      matchLabels:
        app.kubernetes.io/name: homeostat-model
  ports:
  - protocol: TCP
    port: {{ .Values.model.node.port }}
{{- end }}
{{- end }}
