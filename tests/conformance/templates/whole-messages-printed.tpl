#: about Prints messages of the ProxyConfig: a duration, tracing, a wrapper.
metadata:
  annotations:
    go.example.org/duration: {{ .ProxyConfig.DrainDuration | toString | quote }}
    go.example.org/tracing: {{ .ProxyConfig.GetTracing | toString | quote }}
    go.example.org/concurrency: {{ .ProxyConfig.GetConcurrency | toString | quote }}
