#: about A method that needs a pointer.
#: refuses always
metadata:
  annotations:
    method.example.org/value: "{{ range $n, $q := (index .Spec.Containers 0).Resources.Limits }}{{ $q.Nothing }}{{ else }}{{ .Nowhere }}{{ end }}"
