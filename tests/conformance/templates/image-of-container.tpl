#: about Takes images apart by regular expression and moves them to a mirror.
spec:
  containers:
  {{- range .Spec.Containers }}
  {{- if and (ne .Name "istio-proxy") (regexMatch "^[^/]+\\.[^/]+/" .Image) }}
  - name: {{ .Name }}
    image: {{ regexReplaceAll "^[^/]+/" .Image "mirror.example.org/" | quote }}
  {{- end }}
  {{- end }}
