#: about Takes the mesh's container away again: what remains is the init container.
spec:
  containers:
  - name: istio-proxy
    $patch: delete
