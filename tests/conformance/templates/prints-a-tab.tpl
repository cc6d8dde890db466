#: about Prints a tab where YAML takes none.
#: refuses always
metadata:
	labels: {a: b}
