#: about A company's own certificates in every container, and where programs look for them.
spec:
  volumes:
  - name: company-ca
    configMap:
      name: {{ .Values.global.house.caBundle | default "company-ca" }}
      optional: true
  containers:
  {{- range .Spec.Containers }}
  - name: {{ .Name }}
    env:
    {{- range list "SSL_CERT_FILE" "REQUESTS_CA_BUNDLE" "NODE_EXTRA_CA_CERTS" }}
    - name: {{ . }}
      value: /etc/company/ca.pem
    {{- end }}
    volumeMounts:
    - name: company-ca
      mountPath: /etc/company
      readOnly: true
  {{- end }}
