#: about Secrets to pull images with.
spec:
  imagePullSecrets:
  {{- range .Values.global.house.pullSecrets }}
  - name: {{ . }}
  {{- end }}
  - name: {{ printf "%s-registry" (.DeploymentMeta.Namespace | default "none") }}
