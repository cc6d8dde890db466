#: about Pods that ask for a GPU tolerate the nodes that have one.
{{- $gpus := 0 }}
{{- range .Spec.Containers }}
{{- range $name, $amount := .Resources.Limits }}
{{- if eq (toString $name) "nvidia.com/gpu" }}{{ $gpus = add1 $gpus }}{{ end }}
{{- end }}
{{- end }}
{{- if $gpus }}
spec:
  runtimeClassName: nvidia
  tolerations:
  - key: nvidia.com/gpu
    operator: Exists
    effect: NoSchedule
{{- end }}
metadata:
  annotations:
    gpu.example.org/containers: "{{ $gpus }}"
