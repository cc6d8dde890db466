#: about Labels, annotations and finalizers of the pod.
metadata:
  labels:
    app.kubernetes.io/managed-by: platform
    app.kubernetes.io/part-of: {{ .DeploymentMeta.Namespace | default "none" }}
    rev: {{ .Revision | quote }}
  annotations:
    cluster-autoscaler.kubernetes.io/safe-to-evict: "true"
    example.org/number: "{{ 5 }}"
  finalizers:
  - example.org/guard
