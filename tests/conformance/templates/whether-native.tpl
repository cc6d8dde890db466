#: about Reads .NativeSidecars, which came with 1.27.
#: runs-since 1.27
metadata:
  annotations:
    native.example.org/sidecars: "{{ .NativeSidecars }}"
