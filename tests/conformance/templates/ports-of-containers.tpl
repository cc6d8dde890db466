#: about Writes every port of every container, with its index, into an annotation.
metadata:
  annotations:
    ports.example.org/all: "{{ range $i, $c := .Spec.Containers }}{{ range $j, $p := $c.Ports }}{{ $i }}.{{ $j }}={{ $c.Name }}/{{ $p.Name }}:{{ $p.ContainerPort }}/{{ $p.Protocol }} {{ end }}{{ else }}none{{ end }}"
    ports.example.org/count: {{ $n := 0 }}{{ range .Spec.Containers }}{{ $n = add $n (len .Ports) }}{{ end }}{{ $n | toString | quote }}
