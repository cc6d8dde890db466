#: about Where pods run: tolerations, affinity, spread.
spec:
  tolerations:
  - {key: mesh, operator: Equal, value: "true", effect: NoSchedule}
  affinity:
    podAntiAffinity:
      preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              app: {{ index .ObjectMeta.Labels "app" | default .DeploymentMeta.Name | quote }}
  topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: topology.kubernetes.io/zone
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchExpressions:
      - {key: app, operator: Exists}
