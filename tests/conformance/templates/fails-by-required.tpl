#: about A value that must be there and is not.
#: refuses always
metadata:
  annotations:
    required.example.org/value: {{ index .Values.global.house.list 99 }}
