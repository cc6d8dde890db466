#: about An end too many.
{{ end }}
