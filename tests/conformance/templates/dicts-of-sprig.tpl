#: about sprig's functions for dictionaries, written and read back.
{{- $d := dict "a" 1 "b" (dict "c" "deep" "l" (list 1 2)) }}
{{- $_ := set $d "new" "value" }}
{{- $_ := unset $d "a" }}
metadata:
  annotations:
    d.example.org/json: {{ toJson $d | quote }}
    d.example.org/keys: {{ keys $d | sortAlpha | join "," | quote }}
    d.example.org/dig: {{ printf "%v|%v|%v" (dig "b" "c" "none" $d) (dig "x" "y" "none" $d) (get $d "missing") | quote }}
    d.example.org/has: {{ printf "%t|%t" (hasKey $d "new") (hasKey $d "a") | quote }}
    d.example.org/pick: {{ printf "%v" (pick $d "new") | quote }}
    d.example.org/merge: {{ merge (dict "x" 1) (dict "x" 2 "y" 3) | toJson | quote }}
    d.example.org/overwrite: {{ mergeOverwrite (dict "x" 1 "z" (dict "a" 1)) (dict "x" 2 "z" (dict "b" 2)) | toJson | quote }}
    d.example.org/values: {{ pluck "x" (dict "x" 1) (dict "y" 2) (dict "x" 3) | toJson | quote }}
    d.example.org/copy: {{ $c := deepCopy $d }}{{ $_ := set $c.b "c" "changed" }}{{ printf "%s %s" $d.b.c $c.b.c | quote }}
