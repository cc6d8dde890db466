#: about A quantity that is none.
#: refuses always
spec:
  containers:
  - name: istio-proxy
    resources:
      limits: {memory: lots}
