#: about A define without a name.
{{ define }}x{{ end }}
