#: about $retainKeys turns a volume of one kind into another.
spec:
  volumes:
  {{- range .Spec.Volumes }}
  {{- if .EmptyDir }}
  - name: {{ .Name }}
    $retainKeys: [name, ephemeral]
    ephemeral:
      volumeClaimTemplate:
        spec:
          accessModes: [ReadWriteOnce]
          resources:
            requests:
              storage: 1Gi
  {{- end }}
  {{- end }}
