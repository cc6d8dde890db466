#: about Comments of templates, trim markers, raw strings, actions over several lines.
{{/* a comment */}}
{{- /* another,
       over lines */ -}}
metadata:
  annotations:
    raw.example.org/string: {{ `raw "text" with \n` | quote }}
    lines.example.org/action: {{ list
      "a"
      "b"
      | join
      "+" | quote }}
    trim.example.org/markers: "[  {{- " x " -}}  ]"
    parens.example.org/nested: "{{ (index (index (list (list 1 2) (list 3 4)) 1) 0) }} {{ ((print "deep")) }}"
    logic.example.org/short: "{{ and true "" }}|{{ or "" "x" }}|{{ not 0 }}|{{ and .Spec.Containers 1 }}|{{ or nil false 0 }}"
    variables.example.org/scope: "{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $x := 3 }}{{ end }}{{ $x }}"
    chars.example.org/constants: "{{ printf "%c %d %v %v %v" 'x' 0x10 1_000 1e3 0b11 }}"
    call.example.org/slices: "{{ slice (list 1 2 3) 1 3 }} {{ len "abc" }} {{ print 1 2 "a" "b" 3 }} {{ println "x" | trim }}"
