#: about Writes structs of the pod as JSON.
metadata:
  annotations:
    json.example.org/containers: '{{ range .Spec.Containers }}{{ structToJSON .Resources }}{{ structToJSON .Ports }}{{ end }}'
    json.example.org/security: '{{ structToJSON .Spec.SecurityContext }}'
    json.example.org/labels: '{{ toJSON .ObjectMeta.Labels }}'
    json.example.org/volumes: {{ .Spec.Volumes | toJson | quote }}
    json.example.org/affinity: {{ .Spec.Affinity | toJson | quote }}
    json.example.org/pretty: |
      {{- .Spec.Tolerations | toPrettyJson | nindent 6 }}
    json.example.org/raw: {{ dict "html" "<a&b>" "text" "ü" | toRawJson | squote }}
