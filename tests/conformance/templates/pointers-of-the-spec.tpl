#: about Fields of the spec that are pointers in Go: unset, set, zero.
metadata:
  annotations:
    ptr.example.org/grace: "{{ with .Spec.TerminationGracePeriodSeconds }}{{ . }}{{ else }}default{{ end }}"
    ptr.example.org/token: "{{ if .Spec.AutomountServiceAccountToken }}set {{ .Spec.AutomountServiceAccountToken }}{{ else }}unset{{ end }}"
    ptr.example.org/user: "{{ with .Spec.SecurityContext }}{{ with .RunAsUser }}{{ . }}{{ else }}no user{{ end }} {{ with .FSGroup }}{{ . }}{{ end }} {{ with .RunAsNonRoot }}{{ . }}{{ end }}{{ else }}no context{{ end }}"
    ptr.example.org/direct: "{{ .Spec.Priority }} {{ .Spec.EnableServiceLinks }} {{ .Spec.ActiveDeadlineSeconds }} {{ .Spec.RuntimeClassName }} {{ .Spec.PreemptionPolicy }}"
    ptr.example.org/plain: "{{ .Spec.RestartPolicy }}|{{ .Spec.DNSPolicy }}|{{ .Spec.NodeName }}|{{ .Spec.Hostname }}|{{ .Spec.HostPID }}|{{ .Spec.PriorityClassName }}|{{ .Spec.SchedulerName }}|{{ .Spec.ServiceAccountName }}"
    ptr.example.org/privileged: "{{ range .Spec.Containers }}{{ with .SecurityContext }}{{ with .Privileged }}{{ . }}{{ else }}-{{ end }}{{ else }}.{{ end }}{{ end }}"
