#: about A field of a value that is not there, which Go lets pass.
metadata:
  annotations:
    nil.example.org/value: {{ .Values.global.house.missing.deeper }}
