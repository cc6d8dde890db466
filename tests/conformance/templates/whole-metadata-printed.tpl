#: about Prints the whole metadata as Go does.
metadata:
  annotations:
    go.example.org/metadata: {{ .ObjectMeta | toString | quote }}
