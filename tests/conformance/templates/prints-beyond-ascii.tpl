#: about Text beyond ASCII, and what sprig does to it.
metadata:
  annotations:
    text.example.org/words: "grüße 世界 😀 {{ "grüße" | upper }} {{ "世界" | trunc 3 }} {{ len "世界" }} {{ "ÀB" | lower | quote | trimAll "\"" }} {{ substr 0 3 "世界" | quote | trimAll "\"" }}"
    text.example.org/quoted: {{ printf "%q %+q %x" "世" "世" "世" | quote }}
    text.example.org/escaped: {{ "tab\tnewline\nquote\" \u00e9" | quote }}
    text.example.org/html: {{ printf "%s %s %s" (html "<a&b>") (js "it's") (urlquery "a b&c") | quote }}
