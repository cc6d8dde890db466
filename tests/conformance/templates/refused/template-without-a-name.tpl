#: about A template action without a name.
{{ template .Revision }}
