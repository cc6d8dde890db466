#: about A parenthesis too many.
{{ print "a") }}
