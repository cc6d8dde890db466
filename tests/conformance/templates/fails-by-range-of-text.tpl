#: about A loop over a boolean.
#: refuses always
metadata:
  annotations:
    range.example.org/value: {{ range .Values.global.house.flag }}x{{ end }}
