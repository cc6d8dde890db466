#: about Too few arguments.
#: refuses always
metadata:
  annotations:
    count.example.org/value: {{ annotation .ObjectMeta "x" }}
