#: about A container without a name.
#: refuses always
spec:
  containers:
  - image: example.org/nameless:1
