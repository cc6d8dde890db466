#: about A character that no template has.
{{ @ }}
