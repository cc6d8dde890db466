#: about A password hashed with chance.
#: pillion refuses
{{ htpasswd "a" "b" }}
