#: about Reads a list of extra variables out of an annotation, as JSON.
spec:
  containers:
  {{- range $c := .Spec.Containers }}
  {{- if ne $c.Name "istio-proxy" }}
  - name: {{ $c.Name }}
    env:
    {{- range $i, $e := fromJSON (annotation $.ObjectMeta "example.org/extra-env" `[{"name":"EXTRA","value":"none"}]`) }}
    - name: {{ $e.name }}
      value: {{ $e.value | toString | quote }}
    {{- end }}
  {{- end }}
  {{- end }}
