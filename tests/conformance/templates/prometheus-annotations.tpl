#: about Turns scraping on for every pod that has a port.
{{- $port := 0 }}
{{- range .Spec.Containers }}{{ range .Ports }}{{ if not $port }}{{ $port = .ContainerPort }}{{ end }}{{ end }}{{ end }}
metadata:
  annotations:
    {{- if $port }}
    prometheus.io/scrape: "true"
    prometheus.io/port: {{ $port | quote }}
    prometheus.io/path: /metrics
    {{- end }}
    example.org/port: "{{ $port }}"
