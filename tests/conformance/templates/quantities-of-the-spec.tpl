#: about Quantities read by their methods.
metadata:
  annotations:
    q.example.org/limits: "{{ range .Spec.Containers }}{{ .Name }} cpu={{ .Resources.Limits.Cpu.MilliValue }} mem={{ .Resources.Limits.Memory.Value }} req={{ .Resources.Requests.Cpu }} zero={{ .Resources.Requests.Memory.IsZero }}; {{ end }}"
    q.example.org/text: "{{ range .Spec.Containers }}{{ .Resources.Limits.Memory.String }} {{ end }}"
    q.example.org/empty-dir: "{{ range .Spec.Volumes }}{{ with .EmptyDir }}{{ with .SizeLimit }}{{ .String }} {{ .Value }}{{ else }}unbounded{{ end }} {{ end }}{{ end }}"
