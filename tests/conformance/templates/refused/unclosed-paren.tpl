#: about A parenthesis that is not closed.
{{ (print "a" }}
