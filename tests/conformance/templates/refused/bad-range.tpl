#: about Too many variables of a loop.
{{ range $a, $b, $c := .Spec.Containers }}{{ end }}
