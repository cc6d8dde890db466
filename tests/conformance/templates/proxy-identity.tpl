#: about The user, the images and the revision that the injector found.
metadata:
  annotations:
    proxy.example.org/ids: "{{ .ProxyUID }} {{ .ProxyGID }} {{ .ProxyImage }} {{ .Revision }}"
