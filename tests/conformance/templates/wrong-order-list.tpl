#: about $setElementOrder that leaves out what the list adds.
#: refuses always
spec:
  $setElementOrder/volumes:
  - name: other
  volumes:
  - name: added
    emptyDir: {}
