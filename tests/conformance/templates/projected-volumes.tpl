#: about Tokens, labels and certificates projected into one volume.
spec:
  volumes:
  - name: identity
    projected:
      defaultMode: 0440
      sources:
      - serviceAccountToken: {path: token, expirationSeconds: 3600, audience: {{ .MeshConfig.TrustDomain | quote }}}
      - downwardAPI:
          items:
          - path: labels
            fieldRef: {fieldPath: metadata.labels}
          - path: cpu
            resourceFieldRef: {containerName: {{ (index .Spec.Containers 0).Name }}, resource: limits.cpu, divisor: 1m}
      - configMap: {name: istio-ca-root-cert, items: [{key: root-cert.pem, path: ca.pem}]}
      - secret: {name: extra, optional: true}
  containers:
  - name: {{ (index .Spec.Containers 0).Name }}
    volumeMounts:
    - {name: identity, mountPath: /var/run/identity, readOnly: true}
