#: about Dates that do not depend on the clock.
metadata:
  annotations:
    t.example.org/date: {{ toDate "2006-01-02" "2024-02-29" | date "Mon, 02 Jan 2006" | quote }}
    t.example.org/add: {{ toDate "2006-01-02 15:04" "2024-02-28 23:00" | dateModify "+26h" | date "2006-01-02T15:04:05Z07:00" | quote }}
    t.example.org/unix: {{ toDate "2006-01-02" "2024-01-01" | unixEpoch | quote }}
    t.example.org/in-zone: {{ dateInZone "2006-01-02 15:04 MST" (toDate "2006-01-02" "2024-06-01") "UTC" | quote }}
    t.example.org/duration: {{ printf "%s %s" (duration 3725) (durationRound "2h10m5s") | quote }}
