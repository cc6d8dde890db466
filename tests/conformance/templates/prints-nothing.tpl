#: about Prints nothing at all.
{{- /* nothing */ -}}
