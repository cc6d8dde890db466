#: about Reads values of every JSON type, deep down, and prints them as Go does.
{{- $h := .Values.global.house }}
metadata:
  annotations:
    v.example.org/scalars: "{{ $h.text }} {{ $h.numbers.int }} {{ $h.numbers.float }} {{ $h.numbers.big }} {{ $h.numbers.negative }} {{ $h.flag }} {{ $h.nothing }}"
    v.example.org/missing: "{{ $h.missing }} {{ .Values.absent }}"
    v.example.org/map: '{{ $h.blob }}'
    v.example.org/list: '{{ $h.list }} {{ len $h.list }} {{ index $h.list 1 }} {{ index $h.list 3 "deep" 0 }}'
    v.example.org/index: '{{ index $h "blob" "nested" "key.with.dots" }} {{ index .Values "global" "house" "text" | upper }}'
    v.example.org/types: '{{ typeOf $h.text }} {{ typeOf $h.numbers.int }} {{ typeOf $h.flag }} {{ typeOf $h.list }} {{ kindOf $h.blob }} {{ kindIs "map" $h.blob }}'
    v.example.org/default: '{{ $h.empty | default "fallback" }} {{ $h.missing | default 7 }} {{ coalesce $h.missing $h.empty $h.text }} {{ valueOrDefault $h.empty "or" }}'
    v.example.org/range: '{{ range $k, $v := $h.blob }}{{ $k }}:{{ typeOf $v }} {{ end }}{{ range $h.list }}<{{ . }}>{{ end }}'
    v.example.org/json: {{ $h | toJson | quote }}
    v.example.org/print: {{ printf "%v|%d|%s|%q|%t|%5.1f|%T" $h.list 3 $h.text $h.text $h.flag $h.numbers.float $h.numbers.int | quote }}
    v.example.org/sum: {{ add $h.numbers.int 1 | quote }}
