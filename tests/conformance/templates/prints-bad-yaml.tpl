#: about Prints YAML that is none.
#: refuses always
metadata:
  labels: {unclosed: [
