#: about An odd number of arguments and a key that is no text.
#: refuses always
metadata:
  annotations:
    dict.example.org/value: {{ toJsonMap .Values.global }}
