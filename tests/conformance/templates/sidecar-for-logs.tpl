#: about A log shipper beside every pod, with a shared volume mounted everywhere.
spec:
  containers:
  - name: log-shipper
    image: "{{ .Values.global.house.images.shipper }}"
    args: ["--paths", "/logs/*.log", "--labels", {{ .ObjectMeta.Labels | toJson | quote }}]
    resources:
      requests: {cpu: 20m, memory: 32Mi}
    securityContext:
      runAsUser: {{ .ProxyUID | default 1337 }}
      allowPrivilegeEscalation: false
      capabilities: {drop: [ALL]}
    volumeMounts:
    - {name: logs, mountPath: /logs, readOnly: true}
  {{- range .Spec.Containers }}
  - name: {{ .Name }}
    volumeMounts:
    - name: logs
      mountPath: /logs
      subPathExpr: $(POD_NAME)/{{ .Name }}
    env:
    - name: POD_NAME
      valueFrom: {fieldRef: {fieldPath: metadata.name}}
  {{- end }}
  volumes:
  - name: logs
    emptyDir: {sizeLimit: 256Mi}
