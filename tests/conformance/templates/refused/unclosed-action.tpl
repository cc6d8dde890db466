#: about An action that is not closed.
metadata: {name: {{ .Revision
