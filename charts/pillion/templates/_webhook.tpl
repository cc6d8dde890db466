{{- /* Namespaces of Kubernetes itself: never sent to us, whatever their labels. */}}
{{- define "pillion.system" -}}
[kube-system, kube-public, kube-node-lease]
{{- end }}

{{- /*
The entries for one name of a revision (`name`), and with `default` those for namespaces and pods that name none. Who
matches is Istio's; a namespace's label istio-injection goes before istio.io/rev, and what a pod says before both.
*/}}
{{- define "pillion.selectors" -}}
{{- $named := dict "key" "istio.io/rev" "operator" "In" "values" (list .name) }}
{{- $noRevision := dict "key" "istio.io/rev" "operator" "DoesNotExist" }}
{{- $noInjection := dict "key" "istio-injection" "operator" "DoesNotExist" }}
{{- $enabled := dict "key" "istio-injection" "operator" "In" "values" (list "enabled") }}
{{- $notRefused := dict "key" "sidecar.istio.io/inject" "operator" "NotIn" "values" (list "false") }}
{{- $asked := dict "key" "sidecar.istio.io/inject" "operator" "In" "values" (list "true") }}
{{- $silent := dict "key" "sidecar.istio.io/inject" "operator" "DoesNotExist" }}
{{- $entries := list
  (dict "prefix" "rev.namespace" "namespace" (list $named $noInjection) "object" (list $notRefused))
  (dict "prefix" "rev.object" "namespace" (list $noRevision $noInjection) "object" (list $notRefused $named)) }}
{{- if .default }}
{{- $entries = concat $entries (list
  (dict "prefix" "namespace" "namespace" (list $enabled) "object" (list $notRefused))
  (dict "prefix" "object" "namespace" (list $noInjection $noRevision) "object" (list $asked $noRevision))) }}
{{- if .auto }}
{{- $storage := dict "key" "kubernetes.io/metadata.name" "operator" "NotIn" "values" (list "local-path-storage") }}
{{- $entries = append $entries
  (dict "prefix" "auto" "namespace" (list $noInjection $noRevision $storage) "object" (list $silent $noRevision)) }}
{{- end }}
{{- end }}
{{- toYaml $entries }}
{{- end }}

{{- /*
Conditions under which API servers ask us at all: what the program would skip anyhow. An expression that fails refuses
the pod, so that each one asks for a field before it reads it.
*/}}
{{- define "pillion.matchConditions" -}}
{{- if and (ne .Values.webhook.skipInApiServer "none") (semverCompare ">=1.28.0-0" .Capabilities.KubeVersion.Version) }}
matchConditions:
- name: namespace-not-ignored
  expression: >-
    !(has(request.namespace) && request.namespace in
    ['kube-system', 'kube-public', 'kube-node-lease', 'local-path-storage'])
{{- if eq .Values.webhook.skipInApiServer "all" }}
- name: not-on-host-network
  expression: >-
    !(has(object.spec) && has(object.spec.hostNetwork) && object.spec.hostNetwork)
- name: label-does-not-refuse
  expression: >-
    !(has(object.metadata) && has(object.metadata.labels) &&
    'sidecar.istio.io/inject' in object.metadata.labels &&
    object.metadata.labels['sidecar.istio.io/inject'] == 'false')
- name: annotation-does-not-refuse
  expression: >-
    !(has(object.metadata) && has(object.metadata.annotations) &&
    'sidecar.istio.io/inject' in object.metadata.annotations &&
    object.metadata.annotations['sidecar.istio.io/inject'] == 'false' &&
    !(has(object.metadata.labels) && 'sidecar.istio.io/inject' in object.metadata.labels))
{{- end }}
{{- end }}
{{- end }}

{{- /* One entry. `root`, `prefix`, `namespace`, `object` (match expressions), `failurePolicy`. */}}
{{- define "pillion.entry" -}}
{{- $webhook := .root.Values.webhook }}
{{- "\n" }}- name: {{ .prefix }}.sidecar-injector.pillion.dev
  clientConfig:
    {{- if $webhook.url }}
    url: {{ printf "%s%s" (trimSuffix "/" $webhook.url) $webhook.path | quote }}
    {{- else }}
    service:
      name: {{ include "pillion.name" .root }}
      namespace: {{ .root.Release.Namespace }}
      path: {{ $webhook.path | quote }}
      port: {{ .root.Values.service.port }}
    {{- end }}
    {{- with $webhook.caBundle }}
    caBundle: {{ . }}
    {{- end }}
  {{- if or $webhook.caBundle (not $webhook.managed) }}
  rules:
  - apiGroups: [""]
    apiVersions: [v1]
    operations: [CREATE]
    resources: [pods]
    scope: "*"
  {{- end }}
  sideEffects: None
  admissionReviewVersions: [v1]
  failurePolicy: {{ .failurePolicy }}
  timeoutSeconds: {{ $webhook.timeoutSeconds }}
  reinvocationPolicy: {{ $webhook.reinvocationPolicy }}
  namespaceSelector:
    matchExpressions:
    {{- toYaml .namespace | nindent 4 }}
  objectSelector:
    matchExpressions:
    {{- toYaml .object | nindent 4 }}
  {{- with include "pillion.matchConditions" .root }}
  {{- . | trim | nindent 2 }}
  {{- end }}
{{- end }}

{{- /* Entries with their failure policies: an entry is split where namespaces ask for another one. */}}
{{- define "pillion.entries" -}}
{{- $root := .root }}
{{- $webhook := $root.Values.webhook }}
{{- $byNamespace := $webhook.failurePolicyByNamespace }}
{{- $other := eq $webhook.failurePolicy "Fail" | ternary "Ignore" "Fail" }}
{{- $others := eq $other "Fail" | ternary $byNamespace.fail $byNamespace.ignore }}
{{- $system := include "pillion.system" . | fromYamlArray }}
{{- range include "pillion.selectors" . | fromYamlArray }}
{{- $usual := dict "key" "kubernetes.io/metadata.name" "operator" "NotIn" "values" (concat $system $others) }}
{{- include "pillion.entry" (dict "root" $root "prefix" .prefix "namespace" (append .namespace $usual)
  "object" .object "failurePolicy" $webhook.failurePolicy) }}
{{- if $others }}
{{- $chosen := dict "key" "kubernetes.io/metadata.name" "operator" "In" "values" $others }}
{{- $never := dict "key" "kubernetes.io/metadata.name" "operator" "NotIn" "values" $system }}
{{- include "pillion.entry" (dict "root" $root "prefix" (printf "%s.%s" (lower $other) .prefix)
  "namespace" (append (append .namespace $chosen) $never) "object" .object "failurePolicy" $other) }}
{{- end }}
{{- end }}
{{- end }}

{{- /* What webhook configurations of this release have in common. */}}
{{- define "pillion.webhookAnnotations" -}}
{{- $annotations := deepCopy .Values.webhook.annotations }}
{{- if and (eq .Values.certificates.source "certManager") (not .Values.webhook.managed) }}
{{- $certificate := printf "%s/%s" .Release.Namespace (include "pillion.name" .) }}
{{- $annotations = merge $annotations (dict "cert-manager.io/inject-ca-from" $certificate) }}
{{- end }}
{{- with $annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
{{- end }}
{{- end }}
