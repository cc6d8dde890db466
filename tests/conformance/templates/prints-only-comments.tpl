#: about Prints nothing but comments of YAML.
# this template says nothing
# at all
