#: about Parts defined once and used several times; a block with a default.
{{- define "probe" -}}
{httpGet: {path: {{ .path }}, port: {{ .port }}}, periodSeconds: {{ .period | default 10 }}}
{{- end }}
{{- define "resources" -}}
{limits: {cpu: {{ .cpu | quote }}, memory: {{ .memory | quote }}}}
{{- end -}}
spec:
  containers:
  - name: helper
    image: example.org/helper:2
    readinessProbe: {{ template "probe" dict "path" "/ready" "port" 9000 }}
    resources: {{ template "resources" (dict "cpu" "100m" "memory" "64Mi") }}
