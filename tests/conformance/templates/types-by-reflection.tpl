#: about Kinds and types of what templates see.
metadata:
  annotations:
    r.example.org/kinds: "{{ kindOf .Spec }} {{ kindOf .Spec.Containers }} {{ kindOf .ObjectMeta.Labels }} {{ kindOf .ProxyConfig }} {{ kindOf .MeshConfig }} {{ kindOf .Values }} {{ kindOf .Revision }} {{ kindOf .ProxyUID }}"
    r.example.org/types: "{{ typeOf .Spec }} {{ typeOf .Spec.Containers }} {{ typeOf .ObjectMeta }} {{ typeOf .ProxyConfig }} {{ typeOf .ProxyConfig.DrainDuration }} {{ typeOf .Spec.Volumes }}"
    r.example.org/is: "{{ typeIs "string" .Revision }} {{ kindIs "slice" .Spec.Containers }} {{ typeIsLike "v1.PodSpec" .Spec }} {{ deepEqual (list 1 2) (list 1 2) }}"
