#: about Switches of the spec, true and false.
spec:
  shareProcessNamespace: true
  enableServiceLinks: false
  automountServiceAccountToken: false
  hostIPC: false
  preemptionPolicy: Never
  priorityClassName: mesh-critical
  schedulerName: second
  overhead: {cpu: 100m}
  os: {name: linux}
  readinessGates:
  - conditionType: example.org/ready
  schedulingGates:
  - name: example.org/quota
