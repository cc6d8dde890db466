//! The annotations and labels that injection reads, each with values it is meant for and values it is not.
//! Random pods draw from here, and the coverage table demands every row in each of its states.

/// An annotation or label with sample values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    /// The full name.
    pub(super) name: &'static str,
    /// Values that it is meant for.
    pub(super) valid: &'static [&'static str],
    /// Values that it is not meant for; not all of them are refused.
    pub(super) invalid: &'static [&'static str],
}

const fn key(name: &'static str, valid: &'static [&'static str], invalid: &'static [&'static str]) -> Key {
    Key { name, valid, invalid }
}

const PORTS: &[&str] = &["", "80", "80,8080", " 443 , 9090 ", "0", "65535", "15090,8000"];
const BAD_PORTS: &[&str] = &["http", "80,", "70000", "-1", "80;81", "1e3"];
const CIDRS: &[&str] = &["", "10.0.0.0/8", "10.0.0.0/8,192.168.0.0/16", "2001:db8::/32", "1.2.3.4/32"];
const BAD_CIDRS: &[&str] = &["10.0.0.0", "10.0.0.0/33", "10.0.0.0/8, 1.0.0.0/8", "ten", ","];
const INTERFACES: &[&str] = &["", "eth1", "eth1,eth2", "net1", "a-b_c.d"];
const BAD_INTERFACES: &[&str] = &["eth0/1", "a name that is far too long", "eth:1", "eth 1", ".."];
const SECONDS: &[&str] = &["0", "1", "30", "2147483647"];
const BAD_SECONDS: &[&str] = &["-1", "soon", "1.5", "4294967295", "4294967296", "", "0x10"];
const CPU: &[&str] = &["100m", "1", "0.5", "1500m", "2e3", "0", "1k"];
const MEMORY: &[&str] = &["128Mi", "1Gi", "1000000", "1.5Gi", "64M", "123456789"];
const BAD_QUANTITY: &[&str] = &["lots", "1 Gi", "", "1GB", "--1", "100m\n"];
const FLAG: &[&str] = &["true", "false"];
const BOOL: &[&str] = &["true", "false", "1", "0", "t", "F", "True", "FALSE"];
const BAD_BOOL: &[&str] = &["yes", "", "maybe", "tRUE"];
const LOG_LEVELS: &[&str] = &["debug", "info", "warning", "off", "misc:debug,rbac:trace"];

/// Every annotation that injection reads.
pub(super) const ANNOTATIONS: &[Key] = &[
    key(
        "sidecar.istio.io/inject",
        &["true", "false", "y", "Yes", "on", "no", "off", "n"],
        &["maybe", "", "1", "TRUE "],
    ),
    key(
        "inject.istio.io/templates",
        &["sidecar", "gateway", "grpc-agent", "grpc-simple", "sidecar, grpc-agent"],
        &["nowhere", "", "sidecar,,", "waypoint"],
    ),
    key("sidecar.istio.io/interceptionMode", &["REDIRECT", "TPROXY", "NONE"], &["redirect", "", "IPVS"]),
    key("status.sidecar.istio.io/port", &["15020", "0", "8021", " 15020"], &["x", "", "-5", "99999"]),
    key("readiness.status.sidecar.istio.io/initialDelaySeconds", SECONDS, BAD_SECONDS),
    key("readiness.status.sidecar.istio.io/periodSeconds", SECONDS, BAD_SECONDS),
    key("readiness.status.sidecar.istio.io/failureThreshold", SECONDS, BAD_SECONDS),
    key("readiness.status.sidecar.istio.io/applicationPorts", PORTS, BAD_PORTS),
    key(
        "traffic.sidecar.istio.io/includeOutboundIPRanges",
        &["*", "", "10.0.0.0/8", "10.1.0.0/16,fd00::/8"],
        BAD_CIDRS,
    ),
    key("traffic.sidecar.istio.io/excludeOutboundIPRanges", CIDRS, &["*", "10.0.0.0/33", "x/8"]),
    key("traffic.sidecar.istio.io/includeInboundPorts", &["*", "", "80", "80,443"], BAD_PORTS),
    key("traffic.sidecar.istio.io/excludeInboundPorts", PORTS, BAD_PORTS),
    key("traffic.sidecar.istio.io/includeOutboundPorts", PORTS, BAD_PORTS),
    key("traffic.sidecar.istio.io/excludeOutboundPorts", PORTS, BAD_PORTS),
    key("traffic.sidecar.istio.io/excludeInterfaces", INTERFACES, BAD_INTERFACES),
    key("traffic.sidecar.istio.io/kubevirtInterfaces", INTERFACES, BAD_INTERFACES),
    key("istio.io/reroute-virtual-interfaces", INTERFACES, BAD_INTERFACES),
    key("prometheus.istio.io/merge-metrics", BOOL, BAD_BOOL),
    key("prometheus.istio.io/secure-port", &["15091", "15443"], &["", "secure"]),
    key(
        "prometheus.istio.io/scrape-targets",
        &["9100:/metrics", "9100:/metrics, 9200:/other", "9100", ",9100: ,", "09100:/m"],
        &["", ":/metrics", "15020:/x", "15090", "x:/m", "0", "[{}]", "70000:/m"],
    ),
    key("prometheus.io/scrape", BOOL, BAD_BOOL),
    key(
        "prometheus.io/port",
        &["8080", "9090", "15020", "08080"],
        &["http", "", "0", "99999", "15090", "15021"],
    ),
    key(
        "prometheus.io/path",
        &["/metrics", "/actuator/prometheus", "metrics"],
        &["", "/a?b=c&d", "/\"quoted\""],
    ),
    key(
        "proxy.istio.io/config",
        &[
            "{}",
            "concurrency: 4",
            "holdApplicationUntilProxyStarts: true",
            "interceptionMode: TPROXY",
            "proxyMetadata:\n  ISTIO_META_DNS_CAPTURE: \"true\"\n  A: b\n",
            "proxyMetadata: {ISTIO_META_ENABLE_HBONE: \"true\"}",
            "proxyMetadata: {ENVOY_SECURE_MERGED_METRICS_PORT: \"15091\"}",
            "proxyMetadata: {IPTABLES_TRACE_LOGGING: \"true\"}",
            "{\"terminationDrainDuration\": \"20s\", \"drainDuration\": \"30s\"}",
            "image:\n  imageType: distroless\n",
            "tracing:\n  zipkin:\n    address: zipkin.tracing:9411\n  sampling: 12.5\n",
            "tracing: {lightstep: {address: \"a:1\", accessToken: t}, tlsSettings: {mode: SIMPLE, caCertificates: /etc/l/ca.pem}}",
            "discoveryAddress: istiod-canary.istio-system.svc:15012",
            "statusPort: 15025",
            "proxyStatsMatcher:\n  inclusionRegexps: [\".*circuit.*\"]\n",
            "privateKeyProvider: {cryptomb: {pollDelay: 10ms}}",
            "gatewayTopology: {numTrustedProxies: 2}",
            "extraStatTags: [a, b]",
            "controlPlaneAuthPolicy: NONE\nenvoyAccessLogService: {address: als:1}\n",
            "",
        ],
        &[
            "concurrency: many",
            "noSuchField: 1",
            "{",
            "interceptionMode: SIDEWAYS",
            "drainDuration: 5",
            "concurrency: -1",
            "- a\n- b",
            "statusPort: 123456",
        ],
    ),
    key("sidecar.istio.io/proxyCPU", CPU, BAD_QUANTITY),
    key("sidecar.istio.io/proxyMemory", MEMORY, BAD_QUANTITY),
    key("sidecar.istio.io/proxyCPULimit", CPU, BAD_QUANTITY),
    key("sidecar.istio.io/proxyMemoryLimit", MEMORY, BAD_QUANTITY),
    key(
        "sidecar.istio.io/proxyImage",
        &["example.org/proxy:2", "proxyv3", "docker.io/a/b@sha256:0123"],
        &["", "a b", "a\"b"],
    ),
    key("sidecar.istio.io/proxyImageType", &["distroless", "debug", "default", "custom"], &["", "a/b"]),
    key("sidecar.istio.io/logLevel", LOG_LEVELS, &["", "a b", "\"x\"", ": "]),
    key("sidecar.istio.io/componentLogLevel", LOG_LEVELS, &["", "misc: error", "{a}"]),
    key(
        "sidecar.istio.io/agentLogLevel",
        &["default:debug", "all:info", "xdsproxy:debug"],
        &["", "\"", "#none"],
    ),
    key("sidecar.istio.io/rewriteAppHTTPProbers", FLAG, &["yes", "", "TRUE"]),
    key("sidecar.istio.io/nativeSidecar", FLAG, &["yes", "", "TRUE"]),
    key("sidecar.istio.io/capNetBindService", FLAG, &["yes", ""]),
    key("sidecar.istio.io/enableCoreDump", FLAG, &["yes", ""]),
    key("sidecar.istio.io/bootstrapOverride", &["my-bootstrap", "b.c"], &["", "a: b", "\"q"]),
    key(
        "sidecar.istio.io/userVolume",
        &[
            r#"{"extra":{"emptyDir":{}}}"#,
            r#"{"a":{"configMap":{"name":"c","optional":true}},"b":{"secret":{"secretName":"s"}}}"#,
            "{}",
        ],
        &["not json", "[]", r#"{"a":1}"#, "null", r#"[{"name":"v","emptyDir":{}}]"#],
    ),
    key(
        "sidecar.istio.io/userVolumeMount",
        &[
            r#"{"extra":{"mountPath":"/extra","readOnly":true}}"#,
            r#"{"a":{"mountPath":"/a"},"b":{"mountPath":"/b"}}"#,
            "{}",
        ],
        &["not json", "[]", r#"{"a":"b"}"#, "null"],
    ),
    key("sidecar.istio.io/discoveryAddress", &["istiod.other:15012"], &[""]),
    key("sidecar.istio.io/statsInclusionPrefixes", &["cluster.outbound,listener"], &[""]),
    key("sidecar.istio.io/statsInclusionSuffixes", &["upstream_rq_total"], &[""]),
    key("sidecar.istio.io/statsInclusionRegexps", &["http.*", "a\\.b"], &["(", ""]),
    key("sidecar.istio.io/extraStatTags", &["host,method"], &[""]),
    key("sidecar.istio.io/statsHistogramBuckets", &[r#"{"istiocustom":[1,5,10]}"#], &["x"]),
    key("apm.datadoghq.com/env", &[r#"{"DD_ENV":"prod","DD_SERVICE":"shop"}"#, "{}"], &["x", "[1]"]),
    key("k8s.v1.cni.cncf.io/networks", &["macvlan", r#"[{"name":"macvlan"}]"#, "a,b", ""], &["[", "[]", "{"]),
    key("kubectl.kubernetes.io/default-container", &["web", "other"], &["", "no-such"]),
    key("kubectl.kubernetes.io/default-logs-container", &["web", "other"], &["", "no-such"]),
    key("istio.io/rev", &["canary", "default"], &[""]),
    key("ambient.istio.io/redirection", &["enabled", "disabled"], &[""]),
    key("resource.opentelemetry.io/team", &["checkout", "a,b=c"], &["", "ü \"%\""]),
    key("traffic.istio.io/nodeSelector", &["a=b"], &[""]),
    key(
        "example.org/note",
        &["plain", "line\nbreak", "quote\"backslash\\", "ünï <&> {{ .Values }}"],
        &["\u{1}"],
    ),
];

/// Every label that injection reads.
pub(super) const LABELS: &[Key] = &[
    key("sidecar.istio.io/inject", &["true", "false", "yes", "off"], &["maybe", "1"]),
    key("istio.io/rev", &["canary", "default", "1-20"], &[""]),
    key(
        "app",
        &["shop", "a-very-long-name-that-goes-on-and-on-until-it-is-longer-than-63-chars"],
        &["", "_odd_"],
    ),
    key("version", &["v1", "2.0"], &[""]),
    key("app.kubernetes.io/name", &["shop-k8s"], &["", "-dash-"]),
    key("app.kubernetes.io/version", &["1.2.3", "007"], &[""]),
    key("app.kubernetes.io/instance", &["shop-one"], &[""]),
    key("service.istio.io/canonical-name", &["canonical"], &["", "---"]),
    key("service.istio.io/canonical-revision", &["r7"], &[""]),
    key("service.istio.io/workload-name", &["workload"], &[""]),
    key("security.istio.io/tlsMode", &["istio", "disabled"], &[""]),
    key("networking.istio.io/tunnel", &["http", "none"], &[""]),
    key("topology.istio.io/network", &["net-of-pod"], &[""]),
    key("istio.io/gateway-name", &["gw"], &[""]),
    key("gateway.networking.k8s.io/gateway-name", &["gw"], &[""]),
    key("never", &["inject", "yes"], &["no"]),
    key("always", &["inject", "yes"], &["no"]),
];

/// The states of a key in a pod, as the coverage table names them.
#[must_use]
pub(super) fn state(kind: &str, name: &str, state: &str) -> String {
    format!("{kind}: {name} {state}")
}

/// Every state that the tables can be in.
#[must_use]
pub(super) fn expectations() -> Vec<String> {
    let mut all = vec![];
    for (kind, table) in [("annotation", ANNOTATIONS), ("label", LABELS)] {
        for key in table {
            all.extend(["absent", "valid", "invalid"].map(|s| state(kind, key.name, s)));
        }
    }
    all
}
