#: about Prints small structs as Go does.
metadata:
  annotations:
    go.example.org/ports: '{{ range .Spec.Containers }}{{ .Ports }}{{ end }}'
    go.example.org/labels: '{{ .ObjectMeta.Labels }}'
    go.example.org/tolerations: '{{ range .Spec.Tolerations }}{{ .Key }}{{ .Operator }}{{ end }}'
    go.example.org/pull: '{{ .Spec.ImagePullSecrets }}'
    go.example.org/type: '{{ .TypeMeta }}'
    go.example.org/deployment: '{{ .DeploymentMeta.Namespace }}/{{ .DeploymentMeta.Name }}'
    go.example.org/readers: '{{ .Spec.ReadinessGates }} {{ .Spec.DNSConfig }} {{ .Spec.HostAliases }}'
