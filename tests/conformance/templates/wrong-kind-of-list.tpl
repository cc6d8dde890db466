#: about An object where the pod has a list.
#: refuses always
spec:
  volumes:
    name: not-a-list
