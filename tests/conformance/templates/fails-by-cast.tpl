#: about sprig's must functions complain.
#: refuses always
metadata:
  annotations:
    cast.example.org/value: {{ mustToDate "2006-01-02" "yesterday" }}
