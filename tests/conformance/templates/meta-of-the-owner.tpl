#: about What templates know of the workload that owns the pod.
metadata:
  labels:
    owner.example.org/kind: {{ .TypeMeta.Kind | lower | default "none" | quote }}
    owner.example.org/name: {{ .DeploymentMeta.Name | trunc 63 | trimSuffix "-" | quote }}
  annotations:
    owner.example.org/all: "{{ .TypeMeta.APIVersion }}/{{ .TypeMeta.Kind }}/{{ .DeploymentMeta.Namespace }}/{{ .DeploymentMeta.Name }}"
    owner.example.org/pod: "{{ .ObjectMeta.Name }}|{{ .ObjectMeta.GenerateName }}|{{ .ObjectMeta.Namespace }}|{{ len .ObjectMeta.OwnerReferences }}{{ range .ObjectMeta.OwnerReferences }} {{ .Kind }}={{ .Name }}{{ with .Controller }} {{ . }}{{ end }}{{ end }}"
    owner.example.org/finalizers: {{ .ObjectMeta.Finalizers | join "," | quote }}
