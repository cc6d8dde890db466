#: about Takes parts of the mesh's own container away again.
spec:
  containers:
  - name: istio-proxy
    startupProbe: null
    lifecycle: null
    volumeMounts:
    - mountPath: /etc/istio/pod
      $patch: delete
    env:
    - name: TRUST_DOMAIN
      $patch: delete
  volumes:
  - name: istio-podinfo
    $patch: delete
