#: about Secrets fetched by an init container and kept fresh by a sidecar, in the manner of Vault's agent.
{{- $role := annotation .ObjectMeta "secrets.example.org/role" "" }}
{{- if $role }}
spec:
  initContainers:
  - name: secrets-init
    image: example.org/agent:1.15
    args: [agent, -exit-after-auth, -role={{ $role }}]
    volumeMounts: &mounts
    - {name: secrets, mountPath: /secrets}
    - {name: agent-token, mountPath: /var/run/agent, readOnly: true}
  containers:
  - name: secrets-agent
    image: example.org/agent:1.15
    args: [agent, -role={{ $role }}]
    volumeMounts: *mounts
  {{- range .Spec.Containers }}
  - name: {{ .Name }}
    volumeMounts:
    - {name: secrets, mountPath: /secrets, readOnly: true}
  {{- end }}
  volumes:
  - name: secrets
    emptyDir: {medium: Memory}
  - name: agent-token
    projected:
      sources:
      - serviceAccountToken: {path: token, audience: agent, expirationSeconds: 7200}
{{- end }}
