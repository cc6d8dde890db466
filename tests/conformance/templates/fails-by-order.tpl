#: about Things that have no order.
#: refuses always
metadata:
  annotations:
    order.example.org/value: {{ if lt .ObjectMeta.Labels 5 }}less{{ end }}
