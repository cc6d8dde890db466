#: about A number where a label must be text.
#: refuses always
metadata:
  labels:
    number: {{ len .Spec.Containers }}
