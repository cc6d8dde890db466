#: about Reads .CompliancePolicy, which came with 1.20.4.
#: runs-since 1.21
metadata:
  annotations:
    compliance.example.org/policy: "{{ .CompliancePolicy | default "none" }}"
