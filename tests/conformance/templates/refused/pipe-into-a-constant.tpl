#: about A pipe into what is no function.
{{ .Revision | "x" }}
