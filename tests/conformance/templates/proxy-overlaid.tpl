#: about Changes the mesh's own container: variables, resources, hooks, mounts.
spec:
  containers:
  - name: istio-proxy
    env:
    - name: PILOT_CERT_PROVIDER
      value: custom
    - name: GOMEMLIMIT
      value: 200MiB
    resources:
      limits: {memory: 300Mi}
      requests: {cpu: 55m}
    lifecycle:
      preStop:
        exec:
          command: [/bin/sh, -c, sleep 7]
    volumeMounts:
    - {name: extra, mountPath: /extra}
    securityContext:
      readOnlyRootFilesystem: false
  volumes:
  - name: extra
    emptyDir: {}
