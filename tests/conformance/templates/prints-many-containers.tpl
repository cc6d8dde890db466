#: about Prints a hundred containers.
spec:
  containers:
  {{- range $i := until 100 }}
  - name: many-{{ $i }}
    image: example.org/many:{{ $i }}
    env:
    - name: NUMBER
      value: {{ $i | quote }}
  {{- end }}
