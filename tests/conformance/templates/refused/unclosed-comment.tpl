#: about A comment that is not closed.
{{/* open
