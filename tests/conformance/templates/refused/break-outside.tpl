#: about break outside of a loop.
{{ break }}
