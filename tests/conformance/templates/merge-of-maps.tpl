#: about Istio's mergeMaps, which came with 1.21.
#: since 1.21
metadata:
  annotations:
    m.example.org/merged: '{{ mergeMaps (strdict "a" "1" "b" "2") (strdict "b" "3") | toJson }}'
