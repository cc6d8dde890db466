#: about Prints two documents: only one counts.
metadata:
  labels: {document: first}
---
metadata:
  labels: {document: second}
