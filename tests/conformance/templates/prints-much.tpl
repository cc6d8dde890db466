#: about Prints a long text: four thousand lines.
metadata:
  annotations:
    long.example.org/text: |
      {{- range $i := until 4000 }}
      line {{ $i }} of many
      {{- end }}
