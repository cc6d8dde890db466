#: about Prints fields that no pod has.
metadata: {labels: {a: b}, shape: round}
spec:
  contaniers: [{name: typo}]
  futureField: {a: 1}
