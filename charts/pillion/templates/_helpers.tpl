{{- /* The revision; empty for the default one. */}}
{{- define "pillion.revision" -}}
{{- if ne .Values.revision "default" }}{{ .Values.revision }}{{ end -}}
{{- end }}

{{- define "pillion.suffix" -}}
{{- with include "pillion.revision" . }}-{{ . }}{{ end -}}
{{- end }}

{{- define "pillion.name" -}}
pillion{{ include "pillion.suffix" . }}
{{- end }}

{{- /* Objects of the whole cluster: another release of the same revision may live in another namespace. */}}
{{- define "pillion.clusterName" -}}
{{ include "pillion.name" . }}-{{ .Release.Namespace }}
{{- end }}

{{- define "pillion.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccount.name | default (include "pillion.name" .) }}
{{- else }}{{ .Values.serviceAccount.name | default "default" }}{{ end -}}
{{- end }}

{{- define "pillion.secretName" -}}
{{ .Values.certificates.secretName | default (printf "pillion-certs%s" (include "pillion.suffix" .)) }}
{{- end }}

{{- /* The Leases of this release: one to renew certificates, one to count pods. */}}
{{- define "pillion.leases" -}}
{{- if eq .Values.certificates.source "selfManaged" }}
- {{ include "pillion.secretName" . }}
{{- end }}
{{- if .Values.status.report }}
- pillion-status{{ include "pillion.suffix" . }}
{{- end }}
{{- end }}

{{- define "pillion.webhookName" -}}
{{ .Values.webhook.name | default (printf "pillion-sidecar-injector%s" (include "pillion.suffix" .)) }}
{{- end }}

{{- /* Names of the webhook configurations of this release, one a line. */}}
{{- define "pillion.webhookNames" -}}
{{- if .Values.webhook.enabled }}
- {{ include "pillion.webhookName" . }}
{{- range .Values.revisionTags }}
- pillion-revision-tag-{{ . }}
{{- end }}
{{- end }}
{{- end }}

{{- define "pillion.selectorLabels" -}}
app.kubernetes.io/name: pillion
app.kubernetes.io/instance: {{ .Release.Name | quote }}
pillion.dev/rev: {{ include "pillion.revision" . | default "default" | quote }}
{{- end }}

{{- define "pillion.labels" -}}
{{ include "pillion.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "pillion.image" -}}
{{- with .Values.image -}}
{{- if .registry }}{{ .registry }}/{{ end }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- if .digest }}@{{ .digest }}{{ end -}}
{{- end -}}
{{- end }}

{{- /* The ConfigMap of values over the Envoy profile's own. */}}
{{- define "pillion.envoyValues" -}}
pillion-envoy{{ include "pillion.suffix" . }}
{{- end }}

{{- /* The redirect's image, where the program's own is not where the profile has both; empty where it is. */}}
{{- define "pillion.redirectImage" -}}
{{- $place := dir .Values.image.repository }}
{{- $place = ternary (list) (list $place) (eq $place ".") }}
{{- with .Values.image.registry }}{{ $place = prepend $place . }}{{ end }}
{{- with $place }}{{ join "/" . }}/pillion-redirect:{{ $.Chart.AppVersion }}{{ end -}}
{{- end }}

{{- /* The namespace that Istio's ConfigMaps are in; without Istio our own. */}}
{{- define "pillion.rootNamespace" -}}
{{- if eq .Values.mode "istio" }}{{ .Values.istioNamespace }}{{ else }}{{ .Release.Namespace }}{{ end -}}
{{- end }}

{{- define "pillion.platform" -}}
{{ .Values.platform | default ((.Values.global | default dict).platform) | default "" }}
{{- end }}

{{- /* A value as istiod's chart has it (below `pilot`) wins over ours: [context, key], as YAML. */}}
{{- define "pillion.value" -}}
{{- $root := index . 0 }}{{ $key := index . 1 }}
{{- if hasKey $root.Values.pilot $key }}{{ toYaml (index $root.Values.pilot $key) }}
{{- else }}{{ toYaml (index $root.Values $key) }}{{ end }}
{{- end }}

{{- define "pillion.env" -}}
{{- toYaml (mergeOverwrite (deepCopy (.Values.pilot.env | default dict)) .Values.env) }}
{{- end }}

{{- define "pillion.sharedMeshConfig" -}}
{{ .Values.sharedMeshConfig | default (get (include "pillion.env" . | fromYaml) "SHARED_MESH_CONFIG") }}
{{- end }}

{{- define "pillion.autoscaling" -}}
{{- $pilot := .Values.pilot }}
{{- $ours := .Values.autoscaling }}
enabled: {{ if hasKey $pilot "autoscaleEnabled" }}{{ $pilot.autoscaleEnabled }}{{ else }}{{ $ours.enabled }}{{ end }}
minReplicas: {{ $pilot.autoscaleMin | default $ours.minReplicas }}
maxReplicas: {{ $pilot.autoscaleMax | default $ours.maxReplicas }}
{{- end }}

{{- /* Security of a container; the same for the program and for the Job of the hook. */}}
{{- define "pillion.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- /* Security of a pod: values that are null are left out, and on OpenShift everything that names an id. */}}
{{- define "pillion.podSecurity" -}}
{{- $security := deepCopy .Values.podSecurityContext }}
{{- range $key, $value := .Values.podSecurityContext }}
{{- if kindIs "invalid" $value }}{{ $_ := unset $security $key }}{{ end }}
{{- end }}
{{- if eq (include "pillion.platform" .) "openshift" }}
{{- $security = omit $security "runAsUser" "runAsGroup" "fsGroup" }}
{{- end }}
{{- toYaml $security }}
{{- end }}
