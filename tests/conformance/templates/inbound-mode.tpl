#: about Reads .InboundTrafficPolicyMode, which came with 1.22.
#: runs-since 1.22
metadata:
  annotations:
    inbound.example.org/mode: "{{ .InboundTrafficPolicyMode }}"
