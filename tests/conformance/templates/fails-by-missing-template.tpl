#: about A part that is defined nowhere.
#: refuses always
metadata:
  annotations:
    part.example.org/value: {{ template "nowhere" . }}
