#: about break and continue, loops over numbers and over maps.
metadata:
  annotations:
    loop.example.org/numbers: "{{ range $i := until 9 }}{{ if eq $i 2 }}{{ continue }}{{ end }}{{ if gt $i 5 }}{{ break }}{{ end }}{{ $i }} {{ end }}"
    loop.example.org/int: "{{ range 3 }}{{ . }}{{ end }} {{ range $i := 2 }}<{{ $i }}>{{ end }}"
    loop.example.org/labels: "{{ range $k, $v := .ObjectMeta.Labels }}{{ $k }}={{ $v }} {{ else }}no labels{{ end }}"
    loop.example.org/nested: "{{ range $c := .Spec.Containers }}{{ range $c.VolumeMounts }}{{ if .ReadOnly }}{{ continue }}{{ end }}{{ $c.Name }}:{{ .MountPath }} {{ end }}{{ end }}"
