#: about $setElementOrder for containers, volumes and variables.
spec:
  $setElementOrder/containers:
  {{- range .Spec.Containers }}
  - name: {{ .Name }}
  {{- end }}
  - name: last
  containers:
  - name: last
    image: example.org/last:1
    $setElementOrder/env:
    - name: B
    - name: A
    env:
    - name: A
      value: "1"
    - name: B
      value: "2"
  volumes:
  - name: zzz
    emptyDir: {}
  $setElementOrder/volumes:
  - name: zzz
