#: about Reads .ProxyInitImage, which came with 1.31.
#: runs-since 1.31
metadata:
  annotations:
    images.example.org/all: "{{ .ProxyImage }} {{ .ProxyInitImage }}"
