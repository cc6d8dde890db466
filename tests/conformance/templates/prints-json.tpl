#: about Prints JSON, which is YAML too.
{"metadata": {"annotations": {"json.example.org/rendered": "yes \u00fc 😀 \"quoted\""}}, "spec": {"enableServiceLinks": false}}
