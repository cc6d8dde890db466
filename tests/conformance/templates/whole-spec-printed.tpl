#: about Prints the whole spec as Go does, which shows pointers as addresses.
metadata:
  annotations:
    go.example.org/spec: {{ .Spec | toString | quote }}
