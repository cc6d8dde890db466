#: about Istio's own indent, which leaves the first line alone.
spec:
  affinity:
    {{ toYaml .Values.global.house.affinity | indent 4 }}
  dnsConfig:
    {{ dict "options" (list (dict "name" "ndots" "value" "2")) "searches" (list "a.example.org") | toYaml | trim | indent 4 }}
