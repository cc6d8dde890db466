#: about sprig's arithmetic, on integers, floats and text.
metadata:
  annotations:
    n.example.org/int: {{ printf "%d %d %d %d %d %d" (add 1 2 3) (sub 5 2) (mul 2 3 4) (div 7 2) (mod 7 4) (add1 41) | quote }}
    n.example.org/extremes: {{ printf "%d %d %v %v" (max 1 5 3) (min 4 2) (maxf 1.5 2) (minf 1.5 2) | quote }}
    n.example.org/float: {{ printf "%v %v %v %v %v %v" (floor 1.7) (ceil 1.2) (round 1.2345 2) (addf 1.5 2) (mulf 1.5 3) (divf 1 4) | quote }}
    n.example.org/cast: {{ printf "%v %v %v %v %v %v" (int "12") (int64 "0x1f") (float64 "1.5") (atoi "7") (toDecimal 777) (int 3.9) | quote }}
    n.example.org/bits: {{ printf "%b %x %o %c %U %e %g %08.3f %+d" 5 255 8 65 8364 1234.5 1e21 3.14159 7 | quote }}
    n.example.org/compare: {{ printf "%t %t %t %t %t" (lt 1 2) (le 2 2) (gt 1.5 1.0) (ge "b" "a") (eq 1 2 1) | quote }}
    n.example.org/memory: {{ range .Spec.Containers }}{{ with .Resources.Limits.Memory }}{{ div (mul .Value 75) 100 }}:{{ .MilliValue }} {{ end }}{{ end }}{{ "" | quote }}
