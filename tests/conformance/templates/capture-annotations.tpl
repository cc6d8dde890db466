#: about Writes annotations that steer the mesh; templates after it see the pod as it came.
metadata:
  annotations:
    traffic.sidecar.istio.io/excludeOutboundPorts: "9042"
    proxy.istio.io/config: '{"concurrency": 7}'
    sidecar.istio.io/inject: "false"
