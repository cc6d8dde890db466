#: about Prints a key twice.
metadata:
  labels: {a: b}
metadata:
  labels: {c: d}
