#: about A field behind a pointer that is nil.
#: refuses always
metadata:
  annotations:
    pointer.example.org/value: "{{ range .Spec.Containers }}{{ .SecurityContext.RunAsUser }}{{ end }}"
