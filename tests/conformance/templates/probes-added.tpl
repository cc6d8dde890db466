#: about Gives containers without probes some, by name and by number.
spec:
  containers:
  {{- range .Spec.Containers }}
  {{- if and .Ports (not .ReadinessProbe) }}
  - name: {{ .Name }}
    readinessProbe:
      httpGet:
        path: /healthz
        port: {{ (first .Ports).Name | default (first .Ports).ContainerPort }}
        scheme: HTTP
      periodSeconds: 5
  {{- end }}
  {{- end }}
