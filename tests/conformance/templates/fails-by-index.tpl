#: about An index out of range, and one of the wrong kind.
#: refuses always
metadata:
  annotations:
    index.example.org/value: {{ index .Spec.Containers "web" }}
