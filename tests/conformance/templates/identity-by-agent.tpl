#: about Certificates from an agent on the node, in the manner of SPIRE.
metadata:
  labels:
    identity.example.org/managed: "true"
spec:
  containers:
  - name: istio-proxy
    volumeMounts:
    - name: workload-socket
      mountPath: /run/secrets/workload-spiffe-uds
      readOnly: true
  volumes:
  - name: workload-socket
    csi:
      driver: csi.identity.example.org
      readOnly: true
