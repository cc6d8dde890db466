#: about A sidecar of the user's own as an init container that restarts.
spec:
  initContainers:
  - name: cache
    image: example.org/cache:7
    restartPolicy: Always
    startupProbe:
      tcpSocket: {port: 6379}
    lifecycle:
      preStop:
        exec: {command: [sleep, "5"]}
