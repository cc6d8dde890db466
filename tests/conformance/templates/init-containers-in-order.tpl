#: about Puts an init container in front that knows the names of the others.
spec:
  initContainers:
  - name: first
    image: {{ .Values.global.hub }}/wait:{{ .Values.global.tag }}
    args:
    {{- range $i, $c := .Spec.InitContainers }}
    - {{ printf "--before=%d:%s" $i $c.Name | quote }}
    {{- else }}
    - --nobody
    {{- end }}
    resources:
      limits: {cpu: 10m, memory: 16Mi}
