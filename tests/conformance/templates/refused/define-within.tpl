#: about A define inside of an if.
{{ if true }}{{ define "x" }}{{ end }}{{ end }}
