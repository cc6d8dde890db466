#: about Ports, mounts, variables and host aliases meet by their keys; arguments are replaced.
spec:
  hostAliases:
  - ip: 10.0.0.1
    hostnames: [one.example.org]
  - ip: 10.0.0.2
    hostnames: [two.example.org]
  containers:
  {{- range .Spec.Containers }}
  - name: {{ .Name }}
    args: [--replaced]
    ports:
    - containerPort: 8080
      name: renamed
    - containerPort: 9999
    volumeMounts:
    - mountPath: /data
      name: data
      readOnly: true
    env:
    - name: PATH_PREFIX
      value: /v2
  {{- end }}
  volumes:
  - name: data
    emptyDir: {medium: Memory}
