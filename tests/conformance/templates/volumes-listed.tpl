#: about Lists volumes by kind, and breaks off after three.
metadata:
  annotations:
    volumes.example.org/list: >-
      {{ range $i, $v := .Spec.Volumes }}{{ if ge $i 3 }}more{{ break }}{{ end }}{{ if $v.EmptyDir }}{{ continue }}{{ end }}{{ $v.Name }}:
      {{- with $v.ConfigMap }}configMap/{{ .Name }}{{ else with $v.Secret }}secret/{{ .SecretName }}{{ else with $v.HostPath }}host{{ .Path }}{{ else }}other{{ end }} {{ end }}.
