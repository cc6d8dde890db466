#: about Istio's own functions for maps, text and durations.
metadata:
  annotations:
    i.example.org/isset: "{{ isset .ObjectMeta.Annotations "example.org/team" }} {{ isset .ObjectMeta.Labels "nope" }}"
    i.example.org/annotation: "{{ annotation .ObjectMeta "example.org/team" "none" }} {{ annotation .ObjectMeta "example.org/number" 5 }} {{ annotation .ObjectMeta "example.org/flag" true }}"
    i.example.org/text: "{{ directory "/etc/istio/proxy/x" }} {{ toLower "ABC" }} {{ contains "b" "abc" }} {{ indent 2 "a\nb" | quote | trimAll "\"" }} {{ valueOrDefault "" "d" }}"
    i.example.org/duration: "{{ formatDuration .ProxyConfig.DrainDuration }} {{ .MeshConfig.ConnectTimeout | formatDuration }}"
    i.example.org/ports: "{{ excludeInboundPort 15020 "80, 443" }}|{{ excludeInboundPort "80" "80,443" }}|{{ excludeInboundPort 0 "1" }}|{{ excludeInboundPort "" "1" }}"
    i.example.org/multus: '{{ appendMultusNetwork "" "istio-cni" }} {{ appendMultusNetwork "a,b" "istio-cni" }} {{ appendMultusNetwork "a@eth0" "default/istio-cni" }}'
    i.example.org/maps: '{{ toJsonMap (omit .ObjectMeta.Labels "app") (strdict "x" "1") }} {{ strdict "a" "1" "b" "two" }}'
    i.example.org/json: '{{ toJSON .ObjectMeta.Labels }} {{ structToJSON (list 1 2) }}'
