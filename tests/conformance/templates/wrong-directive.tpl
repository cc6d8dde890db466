#: about A $patch that nobody knows.
#: refuses always
spec:
  containers:
  - name: web
    $patch: obliterate
