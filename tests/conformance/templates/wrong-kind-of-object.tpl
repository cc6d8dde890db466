#: about A list where the pod has an object.
#: refuses always
spec:
  securityContext: [runAsUser]
