#: about Passes blocks of values on with toYaml and nindent.
metadata:
  annotations:
    values.example.org/blob: |
      {{- toYaml .Values.global.house.blob | nindent 6 }}
spec:
  enableServiceLinks: true
  {{- with .Values.global.house.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.global.house.nodeSelector }}
  nodeSelector: {{ toYaml . | nindent 4 }}
  {{- end }}
