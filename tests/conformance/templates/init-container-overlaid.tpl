#: about Changes the mesh's init container.
spec:
  initContainers:
  - name: istio-init
    image: example.org/init:own
    securityContext:
      capabilities:
        add: [NET_ADMIN]
