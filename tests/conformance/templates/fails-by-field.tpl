#: about A field that no pod has.
#: refuses always
metadata:
  annotations:
    field.example.org/value: {{ .Spec.ContainerS }}
