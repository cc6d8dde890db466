#: about Reads the ProxyConfig: scalars, enums, wrappers, durations, messages, maps.
metadata:
  annotations:
    pc.example.org/scalars: "{{ .ProxyConfig.ConfigPath }} {{ .ProxyConfig.BinaryPath }} {{ .ProxyConfig.StatusPort }} {{ .ProxyConfig.ProxyAdminPort }} {{ .ProxyConfig.StatNameLength }} {{ .ProxyConfig.GetServiceCluster }} {{ .ProxyConfig.DiscoveryAddress }}"
    pc.example.org/enum: "{{ .ProxyConfig.InterceptionMode }} {{ .ProxyConfig.InterceptionMode.String }} {{ .ProxyConfig.ControlPlaneAuthPolicy }} {{ printf "%d" .ProxyConfig.ControlPlaneAuthPolicy }}"
    pc.example.org/wrapper: "{{ with .ProxyConfig.Concurrency }}{{ .GetValue }} {{ .Value }}{{ else }}unset{{ end }} {{ .ProxyConfig.HoldApplicationUntilProxyStarts.GetValue }}"
    pc.example.org/duration: "{{ .ProxyConfig.DrainDuration.GetSeconds }} {{ .ProxyConfig.TerminationDrainDuration.AsDuration }} {{ formatDuration .ProxyConfig.DrainDuration }}"
    pc.example.org/metadata: "{{ range $k, $v := .ProxyConfig.ProxyMetadata }}{{ $k }}={{ $v }};{{ end }}"
    pc.example.org/tracing: "{{ with .ProxyConfig.GetTracing }}{{ .GetSampling }} {{ .GetMaxPathTagLength }} {{ with .GetZipkin }}{{ .GetAddress }}{{ end }}{{ else }}no tracing{{ end }}"
    pc.example.org/nil: "{{ .ProxyConfig.GetPrivateKeyProvider.GetQat }} {{ .ProxyConfig.GetImage.GetImageType }} {{ .ProxyConfig.GetReadinessProbe }}"
