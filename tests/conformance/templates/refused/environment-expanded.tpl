#: about The environment of the injector.
#: pillion refuses
{{ expandenv "$HOME" }}
