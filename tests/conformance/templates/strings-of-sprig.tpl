#: about Pipelines over sprig's functions for text.
metadata:
  annotations:
    s.example.org/case: {{ printf "%s|%s|%s|%s|%s" ("some Words here" | title) ("Some" | untitle) (snakecase "FirstName") (camelcase "http_server") (kebabcase "FirstName") | quote }}
    s.example.org/trim: {{ printf "%s|%s|%s|%s" (trim "  x ") (trimAll "$" "$5.00$") (trimPrefix "-" "-a") (trimSuffix "-" "a-") | quote }}
    s.example.org/cut: {{ printf "%s|%s|%s|%s" (trunc 5 "hello world") (trunc -5 "hello world") (abbrev 8 "hello world") (substr 2 5 "hello") | quote }}
    s.example.org/test: {{ printf "%t|%t|%t|%t" (contains "ell" "hello") (hasPrefix "he" "hello") (hasSuffix "lo" "hello") (empty "") | quote }}
    s.example.org/wrap: {{ wrapWith 5 "|" "hello there world" | quote }}
    s.example.org/misc: {{ printf "%s|%s|%s|%s|%s" (repeat 3 "ab") (nospace "a b c") (initials "First Try") (swapcase "aBc") (plural "one anchovy" "many anchovies" 2) | quote }}
    s.example.org/quotes: {{ printf "%s %s" (quote "a\"b" 1 nil) (squote "c" 2) | replace "'" "^" | squote }}
    s.example.org/cat: {{ cat "a" 1 true nil "b" | quote }}
    s.example.org/join: {{ list 1 "two" 3.5 true | join "-" | quote }}
    s.example.org/split: {{ $parts := splitList "." .DeploymentMeta.Name }}{{ first $parts | quote }}
    s.example.org/splitn: {{ $m := splitn "-" 2 "a-b-c" }}{{ printf "%s/%s" $m._0 $m._1 | quote }}
    s.example.org/sorted: {{ list "b" "c" "a" | sortAlpha | join "," | quote }}
