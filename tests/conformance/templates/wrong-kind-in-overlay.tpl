#: about Text where the pod has a number.
#: refuses always
spec:
  containers:
  - name: wrong
    ports:
    - containerPort: "{{ 80 }}"
