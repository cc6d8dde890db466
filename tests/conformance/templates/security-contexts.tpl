#: about Hardens the pod and its containers, but leaves what the user said.
spec:
  securityContext:
    seccompProfile: {type: RuntimeDefault}
    {{- if not (and .Spec.SecurityContext .Spec.SecurityContext.FSGroup) }}
    fsGroup: 3000
    {{- end }}
    fsGroupChangePolicy: OnRootMismatch
    supplementalGroups: [4000, 5000]
    sysctls:
    - {name: net.ipv4.ip_unprivileged_port_start, value: "0"}
  containers:
  {{- range .Spec.Containers }}
  {{- if ne .Name "istio-proxy" }}
  - name: {{ .Name }}
    securityContext:
      {{- if not (and .SecurityContext .SecurityContext.ReadOnlyRootFilesystem) }}
      readOnlyRootFilesystem: true
      {{- end }}
      capabilities:
        drop: [NET_RAW]
  {{- end }}
  {{- end }}
