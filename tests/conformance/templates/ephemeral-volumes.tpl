#: about Volumes that live as long as the pod: CSI, ephemeral claims.
spec:
  volumes:
  - name: scratch
    ephemeral:
      volumeClaimTemplate:
        metadata:
          labels: {type: scratch}
        spec:
          accessModes: [ReadWriteOnce]
          storageClassName: fast
          resources: {requests: {storage: 10Gi}}
  - name: inline
    csi:
      driver: inline.example.org
      readOnly: true
      volumeAttributes: {share: "a"}
