#: about define, template and block in one text.
{{- define "labels" }}
    from-define: {{ . | quote }}
{{- end }}
metadata:
  labels:
    {{- template "labels" .Revision }}
    {{- block "more" .DeploymentMeta.Name }}
    from-block: {{ . | trunc 10 | quote }}
    {{- end }}
spec:
  terminationGracePeriodSeconds: 45
