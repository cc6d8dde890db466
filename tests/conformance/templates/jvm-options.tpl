#: about Options for the Java virtual machine, by the container's memory limit.
spec:
  containers:
  {{- range .Spec.Containers }}
  {{- $limit := .Resources.Limits.Memory.Value }}
  {{- $given := "" }}
  {{- range .Env }}{{ if eq .Name "JAVA_TOOL_OPTIONS" }}{{ $given = .Value }}{{ end }}{{ end }}
  - name: {{ .Name }}
    env:
    - name: JAVA_TOOL_OPTIONS
      value: {{ list $given (ternary (printf "-Xmx%dm" (div (mul $limit 3) 4194304)) "-XX:MaxRAMPercentage=75" (gt $limit 0)) "-XX:+ExitOnOutOfMemoryError" | compact | join " " | quote }}
  {{- end }}
