#: about A raw text that is not closed.
{{ `open }}
