#: about Things that cannot be compared.
#: refuses always
metadata:
  annotations:
    compare.example.org/value: {{ if eq .Revision 5 }}same{{ end }}
