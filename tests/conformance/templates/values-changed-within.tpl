#: about Writes into a copy of the values and reads it back.
{{- $copy := deepCopy .Values.global.house }}
{{- $_ := set $copy "added" (list 1 2) }}
metadata:
  annotations:
    copy.example.org/new: {{ $copy.added | toJson | quote }}
    copy.example.org/old: {{ .Values.global.house.added | default "untouched" | quote }}
