#: about A function of chance.
#: pillion refuses
{{ randAlphaNum 8 }}
