#: about $retainKeys that is no list.
#: refuses always
spec:
  volumes:
  - name: data
    $retainKeys: emptyDir
    emptyDir: {}
