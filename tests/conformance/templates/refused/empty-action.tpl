#: about An action with nothing in it.
{{ }}
