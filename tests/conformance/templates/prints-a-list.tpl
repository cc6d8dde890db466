#: about Prints a list.
#: refuses always
- metadata: {labels: {a: b}}
