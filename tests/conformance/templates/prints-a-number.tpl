#: about Prints a number.
#: refuses always
42
