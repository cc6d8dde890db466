#: about A function that nobody knows, on the second line.
metadata:
  name: {{ lookup "v1" "Secret" "a" "b" }}
