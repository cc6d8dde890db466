#: about Istio's omitNil, which came with 1.28.6 and 1.29.1.
#: since 1.29
spec:
  containers:
  - name: helper
    image: example.org/helper:1
    securityContext: {{ omitNil (dict "runAsUser" 1000 "privileged" nil) | toJson }}
