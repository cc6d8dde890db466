#: about A text that is not closed.
{{ "open }}
