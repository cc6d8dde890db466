#: about An else without its if.
{{ else }}
