#: about Prints the whole ProxyConfig as Go does.
metadata:
  annotations:
    go.example.org/proxy-config: {{ .ProxyConfig | toString | quote }}
