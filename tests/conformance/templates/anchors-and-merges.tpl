#: about Anchors, aliases and merge keys of YAML, block styles, YAML 1.1 words.
x-common: &common
  image: example.org/common:1
  imagePullPolicy: Always
spec:
  containers:
  - <<: *common
    name: merged
    args:
    - "yes"
    - '0x1f'
    - >-
      folded
      text
    - plain with spaces
    env:
    - {name: LITERAL, value: "on"}
    - name: BLOCK
      value: |+
        kept

    tty: on
    stdin: no
