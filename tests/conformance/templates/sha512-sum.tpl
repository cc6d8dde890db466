#: about sprig's sha512sum, which came with 1.24.
#: since 1.24
metadata:
  annotations:
    sum.example.org/labels: {{ .ObjectMeta.Labels | toJson | sha512sum | trunc 32 | quote }}
