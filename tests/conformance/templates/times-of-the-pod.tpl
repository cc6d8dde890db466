#: about Times in the metadata: those that are there, and those that are not.
metadata:
  annotations:
    time.example.org/created: "{{ .ObjectMeta.CreationTimestamp }} {{ .ObjectMeta.CreationTimestamp.IsZero }}"
    time.example.org/deleted: "{{ with .ObjectMeta.DeletionTimestamp }}{{ . }}{{ else }}alive{{ end }}"
    time.example.org/grace: "{{ with .ObjectMeta.DeletionGracePeriodSeconds }}{{ . }}{{ else }}no grace{{ end }}"
