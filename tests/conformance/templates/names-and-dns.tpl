#: about Host aliases, DNS, host name.
spec:
  hostname: {{ .DeploymentMeta.Name | trunc 63 | trimSuffix "-" | quote }}
  subdomain: mesh
  setHostnameAsFQDN: false
  dnsPolicy: None
  dnsConfig:
    nameservers: [10.96.0.10]
    searches:
    - {{ .DeploymentMeta.Namespace | default "default" }}.svc.{{ .Values.global.proxy.clusterDomain }}
    options:
    - {name: ndots, value: "2"}
    - {name: single-request-reopen}
  hostAliases:
  - ip: 127.0.0.1
    hostnames: [db.internal, cache.internal]
