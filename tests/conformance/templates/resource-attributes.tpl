#: about Istio's otelResourceAttributes, which came with 1.30.
#: since 1.30
metadata:
  annotations:
    otel.example.org/attributes: {{ otelResourceAttributes .MeshConfig .ObjectMeta.Annotations .ObjectMeta.Labels .DeploymentMeta.Namespace .Spec.Containers | quote }}
