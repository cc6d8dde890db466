#: about A part that is defined twice.
{{ define "a" }}x{{ end }}{{ define "a" }}y{{ end }}
