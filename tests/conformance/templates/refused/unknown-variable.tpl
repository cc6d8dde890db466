#: about A variable that was never declared.
{{ $missing }}
