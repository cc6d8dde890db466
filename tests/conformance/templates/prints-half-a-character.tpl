#: about sprig's trunc counts bytes and cuts a character in half.
#: refuses always
metadata:
  annotations:
    half.example.org/character: "{{ "世界" | trunc 2 }}"
