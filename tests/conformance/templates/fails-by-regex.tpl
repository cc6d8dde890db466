#: about A regular expression that is none.
#: refuses always
metadata:
  annotations:
    regex.example.org/value: {{ mustRegexMatch "[" .Revision }}
