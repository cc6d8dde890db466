{{- define "pillion.validatorName" -}}
pillion-validator{{ include "pillion.suffix" . }}
{{- end }}

{{- /* What entries that look at applied objects have in common. `root`, `path`, `timeout`. */}}
{{- define "pillion.validates" -}}
{{- $webhook := .root.Values.webhook -}}
clientConfig:
  {{- if $webhook.url }}
  url: {{ printf "%s%s" (trimSuffix "/" $webhook.url) .path | quote }}
  {{- else }}
  service:
    name: {{ include "pillion.name" .root }}
    namespace: {{ .root.Release.Namespace }}
    path: {{ .path | quote }}
    port: {{ .root.Values.service.port }}
  {{- end }}
  {{- with $webhook.caBundle }}
  caBundle: {{ . }}
  {{- end }}
sideEffects: None
admissionReviewVersions: [v1]
# Whatever happens to us, what is applied is taken.
failurePolicy: Ignore
timeoutSeconds: {{ .timeout }}
{{- end }}

{{- /*
Namespaces by what their labels say of injection, which the program cannot see: the path tells it, and the names by which
pods mean this revision. Namespaces of other revisions are in none.
*/}}
{{- define "pillion.places" -}}
{{- $names := prepend .Values.revisionTags (include "pillion.revision" . | default "default") }}
{{- $isDefault := has "default" $names }}
{{- $mean := "" }}
{{- range $names }}{{ $mean = printf "%s/rev/%s" $mean . }}{{ end }}
{{- $named := dict "key" "istio.io/rev" "operator" "In" "values" $names }}
{{- $noRevision := dict "key" "istio.io/rev" "operator" "DoesNotExist" }}
{{- $noInjection := dict "key" "istio-injection" "operator" "DoesNotExist" }}
{{- $silent := $isDefault | and .Values.webhook.enableNamespacesByDefault | ternary "everyone" "silent" }}
{{- $places := list
  (dict "prefix" "rev" "path" (printf "/validate-workload/namespace/enabled%s" $mean) "namespace" (list $named $noInjection))
  (dict "prefix" "silent" "path" (printf "/validate-workload/namespace/%s%s" $silent $mean) "namespace" (list $noRevision $noInjection)) }}
{{- if $isDefault }}
{{- $enabled := dict "key" "istio-injection" "operator" "In" "values" (list "enabled") }}
{{- $disabled := list (dict "key" "istio-injection" "operator" "Exists") (dict "key" "istio-injection" "operator" "NotIn" "values" (list "enabled")) }}
{{- $places = concat $places (list
  (dict "prefix" "enabled" "path" (printf "/validate-workload/namespace/enabled%s" $mean) "namespace" (list $enabled))
  (dict "prefix" "disabled" "path" (printf "/validate-workload/namespace/disabled%s" $mean) "namespace" $disabled)) }}
{{- end }}
{{- toYaml $places }}
{{- end }}
