#: about Prints YAML that is indented wrongly.
#: refuses always
metadata:
  labels:
    a: b
   c: d
