#: about An if without a condition.
{{ if }}a{{ end }}
