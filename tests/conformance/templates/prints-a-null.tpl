#: about Prints null.
null
