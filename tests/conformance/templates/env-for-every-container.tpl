#: about Gives every container of the application some variables.
spec:
  containers:
  {{- range $i, $c := .Spec.Containers }}
  {{- if ne $c.Name "istio-proxy" }}
  - name: {{ $c.Name }}
    env:
    - name: CONTAINER_INDEX
      value: "{{ $i }}"
    - name: CONTAINER_NAME
      value: {{ $c.Name | upper | replace "-" "_" | quote }}
    - name: POD_NAMESPACE
      valueFrom:
        fieldRef:
          fieldPath: metadata.namespace
    - name: MEMORY_LIMIT
      valueFrom:
        resourceFieldRef:
          containerName: {{ $c.Name }}
          resource: limits.memory
          divisor: "1Mi"
  {{- end }}
  {{- end }}
