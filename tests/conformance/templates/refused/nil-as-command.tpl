#: about nil is no command.
{{ nil }}
