#: about Requests for containers that say none.
spec:
  containers:
  {{- range $c := .Spec.Containers }}
  {{- if not $c.Resources.Requests }}
  - name: {{ $c.Name }}
    resources:
      requests:
        cpu: {{ $.Values.global.house.numbers.cpu | printf "%vm" }}
        memory: {{ printf "%.0fMi" $.Values.global.house.numbers.memory }}
        ephemeral-storage: 0.5Gi
  {{- end }}
  {{- end }}
