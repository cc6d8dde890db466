#: about Istio's functions for ports and interfaces.
metadata:
  annotations:
    f.example.org/ports: "{{ includeInboundPorts .Spec.Containers }}|{{ applicationPorts .Spec.Containers }}"
    f.example.org/interfaces: "{{ kubevirtInterfaces "eth0" }}|{{ excludeInterfaces "eth1" }}"
