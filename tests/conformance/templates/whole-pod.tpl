#: about A template that writes a pod from head to foot.
apiVersion: v1
kind: Pod
metadata:
  name: {{ .ObjectMeta.Name | default "from-template" }}
  labels: {whole: pod}
spec:
  restartPolicy: Always
  containers:
  - name: whole
    image: example.org/whole:1
status:
  phase: Pending
