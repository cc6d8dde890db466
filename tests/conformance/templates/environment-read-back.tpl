#: about Reads variables that the user set, and where they come from.
metadata:
  annotations:
    env.example.org/names: |
      {{- range .Spec.Containers }}
      {{ .Name }}:{{ range .Env }} {{ .Name }}={{ with .ValueFrom }}{{ with .FieldRef }}<{{ .FieldPath }}>{{ else with .SecretKeyRef }}<{{ .Name }}/{{ .Key }}>{{ else }}<other>{{ end }}{{ else }}{{ .Value | quote }}{{ end }}{{ end }}
      {{- range .EnvFrom }}
        from {{ .Prefix }}{{ with .ConfigMapRef }} map {{ .Name }}{{ end }}{{ with .SecretRef }} secret {{ .Name }}{{ end }}
      {{- end }}
      {{- end }}
