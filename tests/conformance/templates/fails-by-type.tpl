#: about An argument of the wrong type.
#: refuses always
metadata:
  annotations:
    type.example.org/value: {{ toLower 5 }}
