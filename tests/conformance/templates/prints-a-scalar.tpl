#: about Prints text.
#: refuses always
just some words
