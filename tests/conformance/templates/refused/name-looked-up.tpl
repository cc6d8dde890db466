#: about A name looked up in the DNS.
#: pillion refuses
{{ getHostByName "example.org" }}
