#: about What fromJSON and fromJson make of text that is no JSON.
metadata:
  annotations:
    bad.example.org/istio: '{{ fromJSON "{no json" }}'
    bad.example.org/sprig: '{{ fromJson "{no json" }}'
    bad.example.org/number: '{{ fromJSON "12345678901234567890" }} {{ fromJSON "1.0" }} {{ fromJSON "true" }} {{ fromJSON "null" }}'
    bad.example.org/list: '{{ range fromJSON "[1, \"a\", null, {\"b\": [true]}]" }}[{{ . }}]{{ end }}'
