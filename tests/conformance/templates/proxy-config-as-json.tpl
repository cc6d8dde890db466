#: about Hands the effective ProxyConfig to a helper container.
spec:
  containers:
  - name: proxy-watcher
    image: example.org/watcher:1
    env:
    - name: PROXY_CONFIG
      value: |
             {{ protoToJSON .ProxyConfig }}
