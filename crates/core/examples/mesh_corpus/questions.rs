//! The questions. Every field of the table is asked for with each of its type's values; what makes sense only as a
//! whole text is written out.

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Field, Kind, Map, TypeRef, Value, json, parse};

/// All questions, the empty one first; always the same.
pub(crate) fn all() -> Vec<String> {
    let mut out = vec![String::new()];
    let mut single = Vec::new();
    walk(KNOWN.mesh_config, &mut Vec::new(), &mut single);
    out.extend(single.iter().map(|v| json::to_string(v, json::PLAIN)));
    out.extend(WRITTEN.iter().map(|text| String::from(*text)));
    out.extend(combined(&single));
    out
}

/// One step down: a field, and whether it is a list or a map of what follows.
#[derive(Clone, Copy)]
struct Step {
    field: &'static Field,
    shape: Shape,
}

#[derive(Clone, Copy, PartialEq)]
enum Shape {
    One,
    List,
    Map,
}

fn walk(ty: TypeRef, path: &mut Vec<Step>, out: &mut Vec<Value<'static>>) {
    for field in ty.deref().fields() {
        let (inner, shape) = match field.ty.deref().kind() {
            Kind::List(item) => (item, Shape::List),
            Kind::Map(_, item) => (item, Shape::Map),
            _ => (field.ty, Shape::One),
        };
        path.push(Step { field, shape });
        let leaf = !matches!(inner.deref().kind(), Kind::Message(_));
        // The deeper a field, the fewer of its values: the readers are the same, only the place is another.
        let every = if path.len() <= 2 { 1 } else { 3 };
        for (at, value) in candidates(inner).into_iter().enumerate() {
            let turn = (at + path.len() + out.len()) % every == 0;
            if turn || at == 0 {
                out.push(wrap(path, value, shape, at % 3 == 1));
            }
        }
        if shape != Shape::One && path.len() <= 3 {
            for whole in ["null", "[]", "{}", "\"x\"", "[null]", "{\"k\":null}", "5"] {
                out.push(wrap(path, literal(whole), Shape::One, false));
            }
        }
        if !leaf {
            walk(inner, path, out);
        }
        path.pop();
    }
}

/// The value at the end of the path; `snake` writes every field by its protobuf name.
fn wrap(path: &[Step], value: Value<'static>, last: Shape, snake: bool) -> Value<'static> {
    let mut value = value;
    for (at, step) in path.iter().enumerate().rev() {
        let shape = if at + 1 == path.len() { last } else { step.shape };
        value = match shape {
            Shape::One => value,
            Shape::List => Value::list(vec![value]),
            Shape::Map => Value::map([("key", value)].into_iter().collect()),
        };
        // The two members that are looked for by one name only are always written so, or nothing below is asked.
        let merged = ["defaultConfig", "defaultProviders"].contains(&step.field.json);
        let name = if snake && !merged { step.field.proto } else { step.field.json };
        value = Value::map([(name, value)].into_iter().collect());
    }
    value
}

/// Values to try for a type, the most telling first; texts of JSON.
fn candidates(ty: TypeRef) -> Vec<Value<'static>> {
    let numbers = [
        "7",
        "\"7\"",
        "0",
        "null",
        "\" 8 \"",
        "1.5",
        "-1",
        "\"0x1\"",
        "4294967295",
        "true",
        "\"\"",
        "1e2",
        "\"1e2\"",
        "2147483648",
        "\"null\"",
        "[1]",
    ];
    let texts: Vec<&str> = match ty.deref().kind() {
        Kind::Bool => vec!["true", "false", "null", "\"true\"", "1", "{}"],
        Kind::Wrapper(inner) if inner.kind() == Kind::Bool => {
            vec!["false", "true", "null", "\"false\"", "0", "[]"]
        }
        Kind::Int32 | Kind::Uint32 | Kind::Int64 | Kind::Uint64 | Kind::Wrapper(_) => numbers.to_vec(),
        Kind::Float64 => {
            vec!["1.5", "\"2.5\"", "0", "null", "\"NaN\"", "\"Infinity\"", "1e3", "-0.5", "true", "\"x\""]
        }
        Kind::String => {
            vec!["\"text\"", "\"\"", "null", "5", "true", "[\"a\"]", "\"host.example:80\"", "1.5"]
        }
        Kind::Duration => vec![
            "\"15s\"",
            "\"1h\"",
            "\"1.5s\"",
            "null",
            "\"0s\"",
            "15",
            "\"15\"",
            "\"1h2m3.000004s\"",
            "\"-1s\"",
            "\"3us\"",
            "\"1ms\"",
            "\"5x\"",
            "{\"seconds\":1}",
            "\"\"",
        ],
        Kind::Enum(values) => {
            let mut texts: Vec<String> = values
                .iter()
                .flat_map(|(name, number)| [format!("\"{name}\""), number.to_string()])
                .collect();
            texts.extend(["null", "77", "\"1\"", "\"nope\"", "true", "1.5", "\"\""].map(String::from));
            return texts.iter().map(|t| literal(t)).collect();
        }
        Kind::StructPb => vec![
            "{\"a\":1,\"b\":[true,null,\"x\",{\"c\":1.5}]}",
            "{}",
            "null",
            "[]",
            "\"x\"",
            "{\"a\":null,\"n\":12345678901234567890}",
        ],
        _ => vec!["{}", "null", "[]", "\"x\"", "{\"unknown\":1}", "true"],
    };
    texts.into_iter().map(literal).collect()
}

fn literal(text: &str) -> Value<'static> {
    parse(text.as_bytes()).map(Value::into_owned).unwrap_or_default()
}

/// Pairs and triples of single questions, laid into one object; chosen by a fixed sequence.
fn combined(single: &[Value<'static>]) -> Vec<String> {
    const ROWS: usize = 400;
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or_default() % below.max(1)
    };
    (0..ROWS)
        .map(|row| {
            let mut all = Value::empty_map();
            for _ in 0..2 + row % 3 {
                lay(&mut all, &single[next(single.len())]);
            }
            json::to_string(&all, json::PLAIN)
        })
        .collect()
}

fn lay(under: &mut Value<'static>, over: &Value<'static>) {
    let (Value::Map(_), Value::Map(top)) = (&*under, over) else {
        *under = over.clone();
        return;
    };
    let empty = Map::new();
    let mut merged = under.as_map().unwrap_or(&empty).clone();
    for (key, value) in top.iter() {
        lay(merged.entry_or_insert(key.clone(), Value::Null), value);
    }
    *under = Value::map(merged);
}

/// Texts that are telling as a whole: YAML's own ways, both names at once, members of a oneof, merging.
const WRITTEN: &[&str] = &[
    "null",
    "{}",
    "[]",
    "text",
    "a: [",
    "# comment only",
    "---\ntrustDomain: a\n---\ntrustDomain: b",
    "trustDomain: a\ntrust_domain: b",
    "trust_domain: b\ntrustDomain: null",
    "trustDomain: a\ntrustDomain: b",
    "trustDomain: yes",
    "trustDomain: 'yes'",
    "accessLogFile: !!str 5",
    "enableTracing: off",
    "enableTracing: n",
    "proxyListenPort: 0x3a99",
    "proxyListenPort: 15_001",
    "proxyListenPort: 0o17",
    "proxyListenPort: 017",
    "proxyListenPort: 1e4",
    "proxyListenPort: 15001.0",
    "proxyListenPort: 15001.5",
    "connectTimeout: 10s",
    "connectTimeout: 1:30",
    "connectTimeout: 3600s",
    "connectTimeout: 3600001ms",
    "connectTimeout: 0.5ms",
    "unknownField: {a: [1]}",
    "unknownField: 1\nproxyListenPort: 1",
    "default_config: {status_port: 7}",
    "default_config: {statusPort: x}",
    "default_config: {proxyMetadata: {A: b}}\ndefaultConfig: {proxyMetadata: {C: d}}",
    "default_providers: {metrics: [a]}",
    "defaultProviders: {metrics: [a]}",
    "defaultProviders: {metrics: []}",
    "defaultProviders: {access_logging: [a, b], tracing: [t]}",
    "defaultProviders: []",
    "extension_providers: [{name: a, prometheus: {}}]",
    "extensionProviders: []",
    "extensionProviders: [{}]",
    "extensionProviders: [{name: envoy}]",
    "extensionProviders: [null]",
    "extensionProviders: [{name: prometheus, zipkin: {service: z, port: 9411}}, {name: prometheus, datadog: {service: d, port: 1}}]",
    "extensionProviders: [{name: a, zipkin: {service: z}, datadog: {service: d}}]",
    "extensionProviders: [{name: a, datadog: {service: z}, zipkin: null}]",
    "extensionProviders: [{name: a, envoyOtelAls: {service: s, port: 4317, logFormat: {labels: {n: 5, m: 'x', y: true}}}}]",
    "extensionProviders: [{name: envoy, envoyFileAccessLog: {path: /dev/stderr, logFormat: {text: '%START_TIME%'}}}]",
    "trustDomainAliases: [b, a, b]",
    "trustDomainAliases: [b, 'a b']",
    "trustDomainAliases: null",
    "certificates: [{secretName: a, dnsNames: [b]}, null]",
    "outboundTrafficPolicy: {}",
    "outboundTrafficPolicy: null",
    "outboundTrafficPolicy: {mode: REGISTRY_ONLY}",
    "inboundTrafficPolicy: {mode: LOCALHOST}",
    "localityLbSetting: {}",
    "localityLbSetting: {enabled: false}",
    "localityLbSetting: {distribute: [{from: a, to: {b: 100}}]}",
    "localityLbSetting: {distribute: [{from: a/b, to: {b: 60, c/d/*: 40}}, {from: a/c, to: {b: 100}}]}",
    "localityLbSetting: {distribute: [{from: a, to: {b: 100}}, {from: a/c, to: {b: 100}}]}",
    "localityLbSetting: {distribute: [{from: a/b/c, to: {b: 100}}, {from: a/b, to: {b: 100}}]}",
    "localityLbSetting: {distribute: [{from: a/*, to: {b: 100}}, {from: a/b/c, to: {b: 100}}]}",
    "localityLbSetting: {distribute: [{from: a/b/*, to: {b: 100}}, {from: a/b/c, to: {b: 100}}]}",
    "localityLbSetting: {distribute: [{from: a/b/c, to: {b: 100}}, {from: a/b/*, to: {b: 100}}]}",
    "localityLbSetting: {distribute: [{from: '*', to: {b: 100}}, {from: a, to: {b: 100}}]}",
    "localityLbSetting: {distribute: [{from: a, to: {b: 100}}, {from: '*', to: {b: 100}}]}",
    "localityLbSetting: {distribute: [{from: 'a*b', to: {b: 100}}]}",
    "localityLbSetting: {distribute: [{from: 'a//b', to: {b: 100}}]}",
    "localityLbSetting: {distribute: [{from: a, to: {}}]}",
    "localityLbSetting: {distribute: [{from: a, to: {b: 0, c: 100}}]}",
    "localityLbSetting: {failover: [{from: a, to: b}]}",
    "localityLbSetting: {failover: [{from: a, to: a}]}",
    "localityLbSetting: {failover: [{from: a/b, to: c}]}",
    "localityLbSetting: {failover: [{from: a, to: '*'}]}",
    "localityLbSetting: {failover: [{from: a, to: b}], failoverPriority: [topology.kubernetes.io/zone]}",
    "localityLbSetting: {failover: [{from: a, to: b}], failoverPriority: [app]}",
    "localityLbSetting: {failover: [{from: a, to: b}], distribute: [{from: a, to: {b: 100}}]}",
    "zoneAwareLbSetting: {}",
    "zoneAwareLbSetting: {failover: [{from: a, to: b}]}",
    "zoneAwareLbSetting: {failover: [{from: a, to: a}]}",
    "zoneAwareLbSetting: {failoverPriority: [topology.kubernetes.io/region]}",
    "serviceSettings: [{hosts: ['*.a.b', a.b, '*', '*-x.y']}]",
    "serviceSettings: [{hosts: ['a.*']}]",
    "serviceSettings: [{hosts: ['']}]",
    "serviceSettings: [{hosts: ['*a.b.']}]",
    "serviceSettings: [{hosts: ['a.5']}]",
    "serviceSettings: [{hosts: ['5']}]",
    "meshMTLS: {minProtocolVersion: TLSV1_3}",
    "meshMTLS: {ecdhCurves: []}",
    "meshMTLS: {ecdhCurves: [P-256]}",
    "tlsDefaults: {ecdhCurves: [P-256, nope, P-256]}",
    "trustDomain: a.b.",
    "trustDomain: a..b",
    "trustDomain: '5'",
    "trustDomain: '.'",
    "trustDomain: A-b.C",
    "protocolDetectionTimeout: 100us",
    "protocolDetectionTimeout: -5s",
    "defaultTrafficPolicy: {connectionPool: {http: {h2UpgradePolicy: UPGRADE, useClientProtocol: true}}}",
    "defaultTrafficPolicy: {connectionPool: {tcp: {idleTimeout: 100us}}}",
    "defaultTrafficPolicy: {connectionPool: {tcp: {idleTimeout: 1500us}}}",
    "defaultTrafficPolicy: {connectionPool: {tcp: {connectTimeout: 0s}}}",
    "defaultTrafficPolicy: {connectionPool: {tcp: {tcpKeepalive: {time: 1us}}}}",
    "defaultTrafficPolicy: {connectionPool: {http: {maxRetries: -1}}}",
    "defaultTrafficPolicy: {outlierDetection: {consecutiveLocalOriginFailures: 1}}",
    "defaultTrafficPolicy: {outlierDetection: {consecutiveLocalOriginFailures: 1, splitExternalLocalOriginErrors: true}}",
    "defaultTrafficPolicy: {outlierDetection: {minHealthPercent: 101}}",
    "defaultTrafficPolicy: {outlierDetection: {interval: 0s}}",
    "defaultConfig: {proxyMetadata: {A: '1', B: ''}}",
    "defaultConfig: {proxyMetadata: {A: 1}}",
    "defaultConfig: {proxyMetadata: {A: null}}",
    "defaultConfig: {proxyMetadata: {}}",
    "defaultConfig: {runtimeValues: {y: '2', 5: '3', 1.50: '4'}}",
    "defaultConfig: {tracing: {sampling: 7}}",
    "defaultConfig: {tracing: {zipkin: {address: 'z:9411'}, datadog: {address: 'd:1'}}}",
    "defaultConfig: {tracing: {zipkin: {address: z}}}",
    "defaultConfig: {tracing: {zipkin: {address: '$(HOST_IP):9411'}}}",
    "defaultConfig: {tracing: {datadog: {address: '$(HOST_IP):8126'}}}",
    "defaultConfig: {tracing: {lightstep: {address: 'l:1', accessToken: t}}}",
    "defaultConfig: {tracing: {lightstep: {address: 'l:1'}}}",
    "defaultConfig: {tracing: {stackdriver: {}}}",
    "defaultConfig: {tracing: {openCensusAgent: {address: 'dns:x', context: [W3C_TRACE_CONTEXT, 4, GRPC_BIN]}}}",
    "defaultConfig: {tracing: {customTags: {a: {literal: {value: x}}, b: {header: {name: h, defaultValue: d}}, c: null}}}",
    "defaultConfig: {tracing: {tlsSettings: {mode: MUTUAL}}}",
    "defaultConfig: {tracing: {tlsSettings: {mode: MUTUAL, clientCertificate: a, privateKey: b}}}",
    "defaultConfig: {tracing: {tlsSettings: {mode: SIMPLE, credentialName: c, caCertificates: d}}}",
    "defaultConfig: {tracing: {tlsSettings: {credentialName: 'configmap://c'}}}",
    "defaultConfig: {tracing: {tlsSettings: {mode: SIMPLE, insecureSkipVerify: true, subjectAltNames: [a]}}}",
    "defaultConfig: {tracing: {tlsSettings: {mode: MUTUAL, insecureSkipVerify: true, credentialName: c}}}",
    "defaultConfig: {serviceCluster: a, tracingServiceName: CANONICAL_NAME_ONLY}",
    "defaultConfig: {tracingServiceName: 0}",
    "defaultConfig: {tracingServiceName: null}",
    "defaultConfig: {serviceCluster: ''}",
    "defaultConfig: {configPath: ''}",
    "defaultConfig: {binaryPath: ''}",
    "defaultConfig: {discoveryAddress: ''}",
    "defaultConfig: {discoveryAddress: 'a:1'}",
    "defaultConfig: {discoveryAddress: 'a.b.:1'}",
    "defaultConfig: {discoveryAddress: 'a'}",
    "defaultConfig: {discoveryAddress: 'a_b:1'}",
    "defaultConfig: {discoveryAddress: ':1'}",
    "defaultConfig: {discoveryAddress: 'a:http'}",
    "defaultConfig: {discoveryAddress: 'a:+5'}",
    "defaultConfig: {discoveryAddress: '[::1]:5'}",
    "defaultConfig: {discoveryAddress: '::1:5'}",
    "defaultConfig: {discoveryAddress: '[fe80::1%eth0]:5'}",
    "defaultConfig: {discoveryAddress: '1.2.3.4%x:5'}",
    "defaultConfig: {discoveryAddress: '1.2.3:5'}",
    "defaultConfig: {discoveryAddress: '[a]:5'}",
    "defaultConfig: {discoveryAddress: '[a:5'}",
    "defaultConfig: {discoveryAddress: 'a]:5'}",
    "defaultConfig: {statsdUdpAddress: 'x:1'}",
    "defaultConfig: {envoyMetricsService: {address: 'x:0'}}",
    "defaultConfig: {envoyAccessLogService: {address: 'x:1', tcpKeepalive: {probes: 3, time: 10s}}}",
    "defaultConfig: {drainDuration: 45s}",
    "defaultConfig: {drainDuration: 0s}",
    "defaultConfig: {drainDuration: 1500ms}",
    "defaultConfig: {drainDuration: null}",
    "defaultConfig: {controlPlaneAuthPolicy: NONE}",
    "defaultConfig: {controlPlaneAuthPolicy: 5}",
    "defaultConfig: {privateKeyProvider: {}}",
    "defaultConfig: {privateKeyProvider: {cryptomb: {}}}",
    "defaultConfig: {privateKeyProvider: {cryptomb: {pollDelay: 0s}}}",
    "defaultConfig: {privateKeyProvider: {cryptomb: {pollDelay: 1s, fallback: true}}}",
    "defaultConfig: {privateKeyProvider: {qat: {pollDelay: 1ms}}}",
    "defaultConfig: {connectionSettings: {httpIdleTimeout: -1s}}",
    "defaultConfig: {connectionSettings: {httpMaxConcurrentStreams: 0}}",
    "defaultConfig: {connectionSettings: {http2InitialStreamWindowSize: 65534}}",
    "defaultConfig: {connectionSettings: {http2InitialStreamWindowSize: '65535', listenerConnectionLimit: 1}}",
    "defaultConfig: {proxyHeaders: {server: {}, setCurrentClientCertDetails: {}}}",
    "defaultConfig: {proxyHeaders: {forwardedClientCert: SANITIZE, requestId: {disabled: true}, attemptCount: {disabled: false}}}",
    "defaultConfig: {image: {}}",
    "defaultConfig: {image: {imageType: debug}}",
    "defaultConfig: {concurrency: 0}",
    "defaultConfig: {concurrency: -3}",
    "defaultConfig: {concurrency: '4'}",
    "defaultConfig: {interceptionMode: TPROXY}",
    "defaultConfig: {interceptionMode: NONE}",
    "defaultConfig: {holdApplicationUntilProxyStarts: true}",
    "defaultConfig: {holdApplicationUntilProxyStarts: 'true'}",
    "defaultConfig: {readinessProbe: {httpGet: {path: /, port: 80}, tcpSocket: {port: 1}}}",
    "defaultConfig: {gatewayTopology: {numTrustedProxies: 2, forwardClientCertDetails: APPEND_FORWARD, proxyProtocol: {}}}",
    "defaultConfig: {unknown: 1}",
    "defaultConfig: null",
    "defaultConfig: []",
    "defaultConfig: ''",
];
