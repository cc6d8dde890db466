#: about $patch: merge said out loud, and a retained key of a volume.
spec:
  securityContext:
    $patch: merge
    fsGroup: 2000
  volumes:
  - name: data
    $retainKeys: [name, emptyDir]
    emptyDir:
      medium: Memory
