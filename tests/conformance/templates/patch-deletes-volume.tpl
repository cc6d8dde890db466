#: about $patch: delete for a volume and a mount, if they are there.
spec:
  volumes:
  - name: data
    $patch: delete
  containers:
  {{- range .Spec.Containers }}
  {{- if .VolumeMounts }}
  - name: {{ .Name }}
    volumeMounts:
    - mountPath: /data
      $patch: delete
  {{- end }}
  {{- end }}
