#: about A number that is none.
{{ 1x }}
