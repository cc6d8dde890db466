#: about A template that always fails, in the middle of what it prints.
#: refuses always
spec:
  containers:
  - name: half
    image: {{ fail "not today" }}
