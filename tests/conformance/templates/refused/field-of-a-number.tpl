#: about A dot after a number.
{{ 5.x }}
