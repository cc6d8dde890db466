#: about base64, hashes and regular expressions.
metadata:
  annotations:
    e.example.org/b64: {{ printf "%s %s %s" ("hällo" | b64enc) ("aGk=" | b64dec) ("hi" | b32enc) | quote }}
    e.example.org/sums: {{ printf "%s %s %s" (sha256sum "a") (sha1sum "a") (adler32sum "a") | quote }}
    e.example.org/config-hash: {{ .Values.global | toJson | sha256sum | trunc 16 | quote }}
    e.example.org/regex: {{ printf "%t %s %v %s %v" (regexMatch "^a.c$" "abc") (regexFind "[0-9]+" "v12.3") (regexFindAll "[0-9]" "1a2b3" -1) (regexReplaceAll "a(x*)b" "-ab-axxb-" "${1}W") (regexSplit "z+" "pizza" -1) | quote }}
    e.example.org/literal: {{ regexReplaceAllLiteral "a(x*)b" "-ab-" "${1}" | quote }}
    e.example.org/version: {{ printf "%t %t %s" (semverCompare ">=1.20.0" "1.24.1") (semverCompare "^2" "1.9.9") ((semver "1.2.3-alpha.1+5").Prerelease) | quote }}
    e.example.org/url: {{ $u := urlParse "https://user@example.org:8443/a/b?q=1#f" }}{{ printf "%s %s %s %s" $u.scheme $u.hostname $u.host $u.query | quote }}
    e.example.org/path: {{ printf "%s %s %s %s %t" (base "/a/b.txt") (dir "/a/b.txt") (ext "b.txt") (clean "/a/../b") (isAbs "/a") | quote }}
