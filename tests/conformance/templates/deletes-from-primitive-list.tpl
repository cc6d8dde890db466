#: about $deleteFromPrimitiveList takes a finalizer away.
metadata:
  finalizers: [kept.example.org/by-template]
  $deleteFromPrimitiveList/finalizers: [old.example.org/guard]
