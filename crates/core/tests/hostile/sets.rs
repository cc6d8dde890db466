//! Three configurations: the profile of the program, a small sidecar, a native one.

use pillion_core::config::{Cluster, NativeSidecars, Settings, Snapshot, Source, Sources};
use pillion_core::inject::{InjectError, Outcome, Request, inject};
use pillion_govalue::Value;

pub const PROFILE: [&str; 3] = [
    include_str!("../../../../profiles/envoy/config"),
    include_str!("../../../../profiles/envoy/values"),
    include_str!("../../../../profiles/envoy/mesh"),
];

pub const SIDECAR: &str = r#"
policy: enabled
defaultTemplates: [sidecar]
aliases: {twice: [sidecar, extra]}
templates:
  sidecar: |
    metadata:
      labels:
        service.istio.io/canonical-name: "{{ index .ObjectMeta.Labels "app" }}"
      annotations:
        apps: "{{ range $i, $c := .Spec.Containers }}{{ if $i }},{{ end }}{{ $c.Name }}{{ end }}"
    spec:
      initContainers:
      - name: istio-init
        image: {{ .ProxyInitImage | quote }}
        args: ["-p", "{{ annotation .ObjectMeta `traffic.sidecar.istio.io/includeInboundPorts` "*" }}"]
      containers:
      - name: istio-proxy
        image: {{ annotation .ObjectMeta `sidecar.istio.io/proxyImage` .ProxyImage | quote }}
        ports: [{containerPort: 15090, name: http-envoy-prom}]
        env:
        - name: CONFIG
          value: |
            {{ protoToJSON .ProxyConfig }}
        - name: ISTIO_META_APP_CONTAINERS
          value: "{{ range .Spec.Containers }}{{ .Name }},{{ end }}"
        resources: {limits: {cpu: "2"}}
        volumeMounts: [{name: shared, mountPath: /shared}]
      volumes: [{name: shared, emptyDir: {}}]
      securityContext: {fsGroup: 1337}
  extra: |
    spec:
      volumes: [{name: extra, emptyDir: {}}]
      imagePullSecrets: [{name: pull}]
"#;

pub const NATIVE: &str = r#"
policy: enabled
defaultTemplates: [sidecar]
templates:
  sidecar: |
    spec:
      initContainers:
      - name: istio-validation
        image: {{ .ProxyImage | quote }}
      - name: istio-proxy
        image: {{ .ProxyImage | quote }}
        restartPolicy: Always
        lifecycle: {preStop: {exec: {command: ["drain"]}}}
        ports: [{containerPort: 15090, name: http-envoy-prom}]
"#;

pub const VALUES: &str = r#"{"global": {"hub": "h", "tag": "1.27.0"}}"#;

/// Containers that each of [`all`] injects.
pub const NAMES: [&[&str]; 3] =
    [&["envoy"], &["istio-proxy", "istio-init"], &["istio-proxy", "istio-validation"]];

pub fn snapshot(config: &str, values: &str, mesh: Option<&str>, native: NativeSidecars) -> Snapshot {
    let sources = Sources {
        injector: Source { name: "config", text: config },
        values: Source { name: "values", text: values },
        mesh: mesh.map(|text| Source { name: "mesh", text }),
        shared_mesh: None,
        proxy_configs: Vec::new(),
        annotations: None,
    };
    let settings = Settings { native_sidecars: native, ..Settings::default() };
    Snapshot::build(&sources, settings, Cluster::default()).unwrap().snapshot
}

pub fn all() -> [Snapshot; 3] {
    let [config, values, mesh] = PROFILE;
    let scraped = "enablePrometheusMerge: true\ndefaultConfig: {holdApplicationUntilProxyStarts: true}\n";
    let sidecar = snapshot(SIDECAR, VALUES, Some(scraped), NativeSidecars::False);
    [
        snapshot(config, values, Some(mesh), NativeSidecars::Auto),
        sidecar,
        snapshot(NATIVE, VALUES, None, NativeSidecars::True),
    ]
}

pub fn injected<'r>(set: &Snapshot, pod: Value<'r>, path: &'r str) -> Result<Outcome<'r>, InjectError> {
    inject(set, &Request { pod, namespace: "ns", path, owner: None, now: None }, &mut ())
}
