#: about $deleteFromPrimitiveList that is no list.
metadata:
  $deleteFromPrimitiveList/finalizers: old.example.org/guard
