#: about A pipe that leads nowhere.
{{ .Revision | }}
