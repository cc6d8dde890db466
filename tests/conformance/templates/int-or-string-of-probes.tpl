#: about Ports of probes, which are numbers or names.
metadata:
  annotations:
    probe.example.org/ports: "{{ range .Spec.Containers }}{{ with .ReadinessProbe }}{{ with .HTTPGet }}{{ .Port }} {{ .Port.IntVal }} {{ .Port.StrVal | quote | trimAll "\"" }} {{ .Port.IntValue }} {{ .Port.Type }} {{ .Scheme }}{{ .Path }}{{ else with .TCPSocket }}tcp {{ .Port.String }}{{ else }}other{{ end }} {{ .PeriodSeconds }};{{ end }}{{ end }}"
