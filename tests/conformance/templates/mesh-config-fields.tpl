#: about Reads the mesh configuration by fields and getters.
metadata:
  annotations:
    mc.example.org/text: "{{ .MeshConfig.TrustDomain }} {{ .MeshConfig.GetRootNamespace }} {{ .MeshConfig.IngressService }} {{ .MeshConfig.AccessLogFile }}"
    mc.example.org/numbers: "{{ .MeshConfig.ProxyListenPort }} {{ .MeshConfig.ProxyInboundListenPort }} {{ .MeshConfig.ConnectTimeout.AsDuration.Seconds }}"
    mc.example.org/enums: "{{ .MeshConfig.AccessLogEncoding }} {{ .MeshConfig.IngressControllerMode }} {{ .MeshConfig.GetOutboundTrafficPolicy.GetMode }} {{ .MeshConfig.GetH2UpgradePolicy.String }}"
    mc.example.org/flags: "{{ .MeshConfig.GetEnableAutoMtls.GetValue }} {{ .MeshConfig.EnableTracing }} {{ .MeshConfig.GetEnablePrometheusMerge.GetValue }}"
    mc.example.org/lists: "{{ .MeshConfig.TrustDomainAliases }} {{ len .MeshConfig.ExtensionProviders }}{{ range .MeshConfig.ExtensionProviders }} {{ .Name }}{{ with .GetEnvoyExtAuthzGrpc }}@{{ .Service }}:{{ .Port }}{{ end }}{{ end }}"
    mc.example.org/default: "{{ .MeshConfig.DefaultConfig.GetStatusPort }} {{ .MeshConfig.GetDefaultConfig.DiscoveryAddress }}"
