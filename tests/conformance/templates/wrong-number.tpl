#: about A number that is too large for its field, and one with a fraction.
#: refuses always
spec:
  terminationGracePeriodSeconds: 30
  priority: 99999999999
