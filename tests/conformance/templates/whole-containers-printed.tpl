#: about Prints containers, resources and volumes as Go does.
metadata:
  annotations:
    go.example.org/containers: {{ .Spec.Containers | toString | quote }}
    go.example.org/resources: {{ (index .Spec.Containers 0).Resources | toString | quote }}
    go.example.org/volumes: {{ .Spec.Volumes | toString | quote }}
    go.example.org/plus: {{ printf "%+v" .Spec.Tolerations | quote }}
    go.example.org/sharp: {{ printf "%#v" .ObjectMeta.Labels | quote }}
