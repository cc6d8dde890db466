#: about fail with a message that tells the user what to do.
{{- if not (isset .ObjectMeta.Labels "team") }}
{{ fail "every pod needs a label team" }}
{{- end }}
metadata:
  labels:
    checked: "true"
