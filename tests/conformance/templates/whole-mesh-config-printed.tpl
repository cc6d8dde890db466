#: about Prints the whole mesh configuration as Go does.
metadata:
  annotations:
    go.example.org/mesh-config: {{ .MeshConfig | toString | quote }}
