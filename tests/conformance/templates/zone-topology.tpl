#: about Spreads pods over zones, as a label says how hard.
{{- $mode := annotation .ObjectMeta "example.org/spread" "soft" }}
spec:
  topologySpreadConstraints:
  {{- range $i, $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: {{ add1 $i }}
    topologyKey: {{ $key }}
    whenUnsatisfiable: {{ ternary "DoNotSchedule" "ScheduleAnyway" (eq $mode "hard") }}
    labelSelector:
      matchLabels: {{ $.ObjectMeta.Labels | default dict | toJson }}
  {{- end }}
