#: about Prints something for pods with a label only, as most templates of users do.
{{- if eq (index .ObjectMeta.Labels "debug" | default "") "true" }}
spec:
  containers:
  - name: debug
    image: example.org/debug:1
    stdin: true
    tty: true
{{- end }}
