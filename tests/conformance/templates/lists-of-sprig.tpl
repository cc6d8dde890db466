#: about sprig's functions for lists.
metadata:
  annotations:
    l.example.org/list: {{ $l := list 1 2 3 2 1 }}{{ printf "%v|%v|%v|%v|%v|%v" (first $l) (rest $l) (last $l) (initial $l) (reverse $l) (uniq $l) | quote }}
    l.example.org/edit: {{ $l := list "a" "b" }}{{ printf "%v|%v|%v|%v|%v" (append $l "c") (prepend $l "z") (without $l "a") (concat $l (list 1)) (compact (list "" 0 "x")) | quote }}
    l.example.org/ask: {{ $l := list "a" "b" "c" "d" }}{{ printf "%v|%v|%v|%v|%v" (has "b" $l) (slice $l 1 3) (chunk 3 $l) (mustHas "x" $l) (index $l 2) | quote }}
    l.example.org/until: {{ printf "%v|%v|%v|%v" (until 4) (untilStep 3 9 2) (seq 1 2 7) (seq 3) | quote }}
    l.example.org/names: {{ $names := list }}{{ range .Spec.Containers }}{{ $names = append $names .Name }}{{ end }}{{ $names | sortAlpha | join " " | quote }}
    l.example.org/json: {{ list 1 "a" nil (dict "k" (list)) | toJson | quote }}
