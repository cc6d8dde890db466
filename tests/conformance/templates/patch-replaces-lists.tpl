#: about $patch: replace for lists and for the security context.
spec:
  tolerations:
  - key: only.example.org/this
    operator: Exists
  imagePullSecrets:
  - $patch: replace
  - name: only-this
  securityContext:
    $patch: replace
    runAsNonRoot: true
  nodeSelector:
    $patch: replace
    disk: ssd
