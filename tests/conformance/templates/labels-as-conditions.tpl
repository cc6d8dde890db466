#: about Conditions on labels and annotations.
metadata:
  labels:
    {{- if eq (index .ObjectMeta.Labels "team") "a" }}
    cost-centre: "4711"
    {{- else if isset .ObjectMeta.Labels "team" }}
    cost-centre: "0815"
    {{- else }}
    cost-centre: unknown
    {{- end }}
    {{- if and (isset .ObjectMeta.Labels "app") (not (isset .ObjectMeta.Labels "version")) }}
    version: v1
    {{- end }}
    {{- if or (contains "web" .ObjectMeta.Labels.app) (eq (annotation .ObjectMeta "example.org/public" "false") "true") }}
    public: "true"
    {{- end }}
