#: about null takes fields away: of the spec, of a container, a label.
metadata:
  labels:
    version: null
  annotations:
    example.org/team: null
spec:
  hostname: null
  terminationGracePeriodSeconds: null
  affinity: null
  containers:
  {{- range .Spec.Containers }}
  - name: {{ .Name }}
    livenessProbe: null
    command: null
  {{- end }}
