#: about Prints messages of the ProxyConfig as Go does.
metadata:
  annotations:
    go.example.org/duration: '{{ .ProxyConfig.DrainDuration.AsDuration }} {{ .ProxyConfig.DrainDuration.Seconds }}'
    go.example.org/names: '{{ .ProxyConfig.ProxyMetadata }} {{ .ProxyConfig.ExtraStatTags }} {{ .ProxyConfig.RuntimeValues }}'
    go.example.org/enum: '{{ .ProxyConfig.InterceptionMode.Number }}'
