#: about Functions of Helm that Istio does not have.
{{ include "x" . }}
