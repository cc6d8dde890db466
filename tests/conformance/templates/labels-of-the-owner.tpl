#: about Reads .DeploymentMeta.Labels, which went with 1.22.
#: runs-until 1.21
metadata:
  annotations:
    deployment.example.org/labels: '{{ .DeploymentMeta.Labels }} {{ .DeploymentMeta.Annotations | toJson }} {{ len .DeploymentMeta.OwnerReferences }} {{ .DeploymentMeta.UID }}'
