#: about with, else with, and variables that are set again within.
{{- $found := "nothing" }}
{{- with index .ObjectMeta.Labels "version" }}{{ $found = printf "version %s" . }}
{{- else with index .ObjectMeta.Labels "app" }}{{ $found = printf "app %s" . }}
{{- else with .Spec.ServiceAccountName }}{{ $found = printf "account %s" . }}
{{- end }}
metadata:
  annotations:
    found.example.org/first: {{ $found | quote }}
