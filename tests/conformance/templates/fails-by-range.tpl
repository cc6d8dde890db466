#: about A loop over what is no list.
#: refuses always
metadata:
  annotations:
    range.example.org/value: {{ range .ProxyConfig.StatusPort.Nothing }}x{{ end }}
