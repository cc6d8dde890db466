#: about An if without its end.
{{ if .Revision }}
metadata: {}
