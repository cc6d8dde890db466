//! Questions about everything but a single mesh text: layers of mesh configuration, effective proxy configurations,
//! the annotation, values, the injector's configuration with its selectors.

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Value, json};

use crate::mesh;
use crate::walk::{self, Sequence};

/// All questions; of every kind the first is the default.
pub(crate) fn questions() -> Vec<Value<'static>> {
    let mut out = layers();
    out.extend(effective());
    out.extend(annotations());
    out.extend(values());
    out.extend(injector());
    out
}

fn row<const N: usize>(members: [(&'static str, Value<'static>); N]) -> Value<'static> {
    Value::map(members.into_iter().collect())
}

fn texts(items: &[&str]) -> Value<'static> {
    Value::list(items.iter().map(|t| Value::from(String::from(*t))).collect())
}

fn labels(text: &str) -> Value<'static> {
    let pairs = text.split(',').filter_map(|p| p.split_once('='));
    Value::map(pairs.map(|(k, v)| (String::from(k), String::from(v))).collect())
}

/// Texts of mesh configuration that are worth laying over each other.
const LAYERS: &[&str] = &[
    "{}",
    "trustDomain: a",
    "trustDomainAliases: [c, a]",
    "trustDomainAliases: [b, a]",
    "enablePrometheusMerge: false",
    "enablePrometheusMerge: null",
    "rootNamespace: root",
    "rootNamespace: ''",
    "outboundTrafficPolicy: {mode: REGISTRY_ONLY}",
    "inboundTrafficPolicy: {mode: LOCALHOST}",
    "extensionProviders: [{name: a, zipkin: {service: z, port: 1}}]",
    "extensionProviders: [{name: a, datadog: {service: d, port: 2}}, {name: envoy, prometheus: {}}]",
    "extensionProviders: [{name: a}]",
    "defaultProviders: {metrics: [m]}",
    "defaultProviders: {tracing: [t], metrics: []}",
    "defaultConfig: {proxyMetadata: {A: a, B: b}}",
    "defaultConfig: {proxyMetadata: {B: c}, concurrency: 0}",
    "defaultConfig: {concurrency: 3, image: {imageType: debug}}",
    "defaultConfig: {image: {}}",
    "defaultConfig: {tracing: {zipkin: {address: 'z:1'}, sampling: 5}}",
    "defaultConfig: {tracing: {sampling: 7}}",
    "defaultConfig: {tracing: {}}",
    "defaultConfig: {serviceCluster: mine}",
    "defaultConfig: {tracingServiceName: CANONICAL_NAME_ONLY}",
    "defaultConfig: {statusPort: 15021, proxyAdminPort: 15001}",
    "defaultConfig: {statusPort: 0}",
    "defaultConfig: {drainDuration: 1m, terminationDrainDuration: 10s}",
    "defaultConfig: {interceptionMode: TPROXY, holdApplicationUntilProxyStarts: true}",
    "defaultConfig: {interceptionMode: REDIRECT, holdApplicationUntilProxyStarts: false}",
    "defaultConfig: {proxyHeaders: {server: {value: x}, setCurrentClientCertDetails: {uri: true}, requestId: {}}}",
    "defaultConfig: {proxyHeaders: {attemptCount: {disabled: true}, forwardedClientCert: SANITIZE}}",
    "defaultConfig: {proxyHeaders: {}}",
    "defaultConfig: {extraStatTags: [x, y], runtimeValues: {k: v}}",
    "defaultConfig: {extraStatTags: []}",
    "defaultConfig: {proxyStatsMatcher: {inclusionPrefixes: [p], inclusionRegexps: ['.*<&>']}}",
    "defaultConfig: {gatewayTopology: {numTrustedProxies: 1}, meshId: m}",
    "defaultConfig: {readinessProbe: {httpGet: {path: /x, port: 80}}}",
    "defaultConfig: {privateKeyProvider: {cryptomb: {pollDelay: 1ms, fallback: false}}}",
    "defaultConfig: {fileFlushInterval: 1500ms, fileFlushMinSizeKb: 7, statsCompression: false}",
    "defaultConfig: {discoveryAddress: 'x.y:15012', configPath: /c, binaryPath: /b, statNameLength: 9}",
    "defaultConfig: {controlPlaneAuthPolicy: NONE, envoyMetricsService: {address: 'm:1'}, envoyAccessLogService: {}}",
    "defaultConfig: {concurrency: x}",
    "defaultConfig: {unknown: 1}",
];

fn layers() -> Vec<Value<'static>> {
    let mut sequence = Sequence::new(1);
    let mut out = vec![row([("layers", texts(&[""]))])];
    out.extend((0..300).map(|at| {
        let some: Vec<&str> = (0..2 + at % 3).map(|_| *sequence.one(LAYERS)).collect();
        row([("layers", texts(&some))])
    }));
    out
}

/// ProxyConfig resources in the namespaces root, istio-system and app.
const RESOURCES: &[&str] = &[
    "{metadata: {name: root, namespace: istio-system, creationTimestamp: '2024-01-02T00:00:00Z'}, spec: {concurrency: 5, environmentVariables: {R: r, X: root}}}",
    "{metadata: {name: older, namespace: istio-system, creationTimestamp: '2024-01-01T00:00:00Z'}, spec: {image: {imageType: distroless}}}",
    "{metadata: {name: rootsel, namespace: istio-system}, spec: {selector: {matchLabels: {app: a}}, concurrency: 6}}",
    "{metadata: {name: b, namespace: app}, spec: {environmentVariables: {OWN: b, X: app}, concurrency: 0}}",
    "{metadata: {name: a, namespace: app}, spec: {environmentVariables: {OWN: a}}}",
    "{metadata: {name: sel, namespace: app}, spec: {selector: {matchLabels: {app: a}}, concurrency: 7, environmentVariables: {S: s}}}",
    "{metadata: {name: sel2, namespace: app}, spec: {selector: {matchLabels: {app: a, v: '1'}}, image: {imageType: ''}}}",
    "{metadata: {name: nolabels, namespace: app}, spec: {selector: {matchLabels: {}}, concurrency: 8}}",
    "{metadata: {name: other, namespace: other}, spec: {concurrency: 9}}",
    "{metadata: {name: empty, namespace: root}, spec: {}}",
];

/// Texts of the annotation `proxy.istio.io/config`.
const ANNOTATIONS: &[&str] = &[
    "",
    "null",
    "{}",
    "text",
    "concurrency: 2",
    "concurrency: x",
    "concurrency: 0",
    "statusPort: 0",
    "proxyMetadata: {X: annotation, Y: 1}",
    "proxyMetadata: {X: annotation, Y: '1'}",
    "proxyHeaders: {server: {disabled: true}}",
    "proxyHeaders: {setCurrentClientCertDetails: {uri: true}}",
    "tracing: {sampling: 10}",
    "tracing: {}",
    "image: {imageType: debug}",
    "image: {}",
    "interceptionMode: TPROXY\nholdApplicationUntilProxyStarts: true",
    "tracingServiceName: APP_LABEL_ONLY",
    "extraStatTags: []",
    "drain_duration: 1h",
    "concurrency: 2\nunknown: 1",
];

fn effective() -> Vec<Value<'static>> {
    const API: &str = "{apiVersion: networking.istio.io/v1beta1, kind: ProxyConfig, ";
    const LABELS: [&str; 4] = ["", "app=a", "app=a,v=1", "app=b"];
    const NAMESPACES: [&str; 6] = ["app", "app", "app", "other", "istio-system", "root"];
    let mut sequence = Sequence::new(2);
    let question =
        |namespace: &'static str, layers: &[&str], resources: &[&str], of: &str, annotation: &str| {
            let resources: Vec<String> =
                resources.iter().map(|r| format!("{API}{}", r.trim_start_matches('{'))).collect();
            let resources: Vec<&str> = resources.iter().map(String::as_str).collect();
            let annotations = match annotation {
                "" => Value::empty_map(),
                text => row([("proxy.istio.io/config", Value::from(String::from(text)))]),
            };
            row([
                ("effective", Value::from(namespace)),
                ("layers", texts(layers)),
                ("resources", texts(&resources)),
                ("labels", labels(of)),
                ("annotations", annotations),
            ])
        };
    let mut out = vec![question("app", &["{}"], &[], "", "")];
    for at in 0..400 {
        let namespace = NAMESPACES[sequence.below(NAMESPACES.len())];
        let layers: Vec<&str> = (0..at % 4).map(|_| *sequence.one(LAYERS)).collect();
        let resources: Vec<&str> = RESOURCES.iter().copied().filter(|_| sequence.below(2) == 0).collect();
        let of = LABELS[sequence.below(LABELS.len())];
        let annotation = *sequence.one(ANNOTATIONS);
        out.push(question(namespace, &layers, &resources, of, annotation));
    }
    out
}

fn annotations() -> Vec<Value<'static>> {
    let question = |text: String| row([("annotation", Value::from(text))]);
    let mut out: Vec<Value<'static>> = ANNOTATIONS.iter().map(|t| question(String::from(*t))).collect();
    let inner = mesh::WRITTEN.iter().filter_map(|t| t.strip_prefix("defaultConfig: "));
    out.extend(inner.map(|t| question(String::from(t))));
    let single = walk::fields(KNOWN.proxy_config);
    out.extend(single.iter().step_by(5).map(|v| question(json::to_string(v, json::PLAIN))));
    out
}

/// Values that say something about an image or a switch, and such that are not what the chart takes.
const VALUES: &[&str] = &[
    "",
    "null",
    "{}",
    "[]",
    "text",
    "a: [",
    "global: {hub: h, tag: t}",
    "global: {hub: h, tag: 1.20}",
    "global: {hub: h, tag: 1.20, variant: distroless}",
    "global: {hub: h, tag: '1.20-distroless', variant: debug}",
    "global: {hub: h, tag: '1.20-debug', variant: default}",
    "global: {hub: h, tag: 100}",
    "global: {hub: h, tag: 1000000}",
    "global: {hub: h, tag: 0x10}",
    "global: {hub: h, tag: 1e30}",
    "global: {hub: h, tag: 1.23456789012345678}",
    "global: {hub: h, tag: 2024-01-01}",
    "global: {hub: h, tag: null}",
    "global: {hub: h, tag: true}",
    "global: {hub: h, tag: [a, 1, {b: null}]}",
    "global: {hub: h, tag: {b: 2, a: [x]}}",
    "global: {hub: 5}",
    "global: {hub: null}",
    "global: {proxy: {image: mine}, proxy_init: {image: init}}",
    "global: {proxyInit: {image: init}}",
    "global: {proxy: {image: ''}}",
    "global: {multiCluster: {clusterName: c}, network: n}",
    "global: {multi_cluster: {clusterName: c}}",
    "sidecarInjectorWebhook: {rewriteAppHTTPProbe: true}",
    "sidecarInjectorWebhook: {rewriteAppHTTPProbe: 'true'}",
    "sidecarInjectorWebhook: {rewriteAppHTTPProbe: null}",
    "global: {proxy: {holdApplicationUntilProxyStarts: true}}",
    "global: {proxy: null}",
    "istio_cni: {enabled: true}\nistioCni: {chained: x}",
    "pilot: {rollingMaxSurge: 100%, rollingMaxUnavailable: 25}",
    "pilot: {rollingMaxSurge: 1.5}",
    "pilot: {rollingMaxSurge: null}",
    "pilot: {rollingMaxSurge: true}",
    "gateways: {istio-ingressgateway: {enabled: true}, securityContext: [1, {a: b}]}",
    "mine: {x: 1}\nglobal: {mine: [1]}",
];

fn values() -> Vec<Value<'static>> {
    let mut out = Vec::new();
    for (at, text) in VALUES.iter().enumerate() {
        let annotation =
            ["", "sidecar.istio.io/proxyImageType=debug", "sidecar.istio.io/proxyImageType="][at % 3];
        out.push(row([("values", Value::from(*text))]));
        out.push(row([("values", Value::from(*text)), ("annotations", labels(annotation))]));
    }
    let single = walk::fields(KNOWN.values);
    let generated = single.iter().step_by(4).map(|v| json::to_string(v, json::PLAIN));
    out.extend(generated.map(|text| row([("values", Value::from(text))])));
    out
}

/// Members of the injector's configuration, one a line, that are laid together.
const MEMBERS: &[&str] = &[
    "policy: enabled",
    "policy: disabled",
    "policy: Enabled",
    "policy: null",
    "policy: 5",
    "policy: yes",
    "Policy: enabled",
    "policy: [enabled]",
    "defaultTemplates: [a, b]",
    "defaultTemplates: []",
    "defaultTemplates: null",
    "defaultTemplates: [5, true, 1.50, null]",
    "defaultTemplates: sidecar",
    "defaulttemplates: [x]",
    "templates: {sidecar: 'spec: {}', other: ''}",
    "templates: {sidecar: 5, n: null, t: true}",
    "templates: {sidecar: {a: b}}",
    "templates: []",
    "template: '{{ Template_Version_And_Istio_Version_Mismatched_Check_Installation }}'",
    "aliases: {a: [b, c]}",
    "aliases: {a: null, b: []}",
    "aliases: {a: b}",
    "aliases: {a: [1]}",
    "injectedAnnotations: {a: b}",
    "injectedAnnotations: {a: 1, b: true, c: 1.0, d: 1e20, e: null, f: 0x10, g: 1e-7, h: 123456789.5}",
    "injectedAnnotations:",
    "injectedAnnotations: [a]",
    "neverInjectSelector: [{matchLabels: {app: a}}]",
    "neverInjectSelector: [{matchExpressions: [{key: app, operator: Exists}]}, {}]",
    "neverInjectSelector: [{matchExpressions: [{key: app, operator: In, values: [a, b]}, {key: v, operator: DoesNotExist}]}]",
    "neverInjectSelector: [{matchExpressions: [{key: app, operator: NotIn, values: [a]}]}]",
    "neverInjectSelector: [{matchExpressions: [{key: zz, operator: NotIn, values: [a]}]}]",
    "neverInjectSelector: [{matchExpressions: [{key: app, operator: In}]}]",
    "neverInjectSelector: [{matchExpressions: [{key: app, operator: in, values: [a]}]}]",
    "neverInjectSelector: [{matchExpressions: [{key: app, operator: Exists, values: [a]}]}]",
    "neverInjectSelector: [{matchLabels: {v: 1}}]",
    "neverInjectSelector: [null]",
    "neverInjectSelector: {matchLabels: {app: a}}",
    "neverInjectSelector: [{matchLabels: [a]}]",
    "alwaysInjectSelector: [{matchLabels: {'a b': c}}]",
    "alwaysInjectSelector: [{matchLabels: {app: 'a b'}}]",
    "alwaysInjectSelector: [{matchLabels: {app: ''}}]",
    "alwaysInjectSelector: [{matchLabels: {'x.y/z': b}}, {MatchLabels: {app: a}}]",
    "alwaysInjectSelector: [{matchLabels: {'X.y/z': b}}]",
    "alwaysInjectSelector: [{matchLabels: {'x/y/z': b}}]",
    "alwaysInjectSelector: [{matchLabels: {'/z': b}}]",
    "alwaysInjectSelector: [{matchLabels: {'x/': b}}]",
    "alwaysInjectSelector: [{matchLabels: {a-: b}}]",
    "alwaysInjectSelector: [{matchExpressions: [{key: '', operator: Exists}]}]",
    "unknown: [1]",
    "policy: {",
];

fn injector() -> Vec<Value<'static>> {
    let of = ["", "app=a", "app=a,v=1", "app=c", "x.y/z=b"];
    let mut sequence = Sequence::new(3);
    let mut out = Vec::new();
    for text in ["", "null", "[]", "text", "{}"].iter().chain(MEMBERS) {
        out.push(row([("config", Value::from(*text)), ("labels", labels(of[sequence.below(of.len())]))]));
    }
    for at in 0..200 {
        let some: Vec<&str> = (0..2 + at % 4).map(|_| *sequence.one(MEMBERS)).collect();
        out.push(row([
            ("config", Value::from(some.join("\n"))),
            ("labels", labels(of[sequence.below(of.len())])),
        ]));
    }
    out
}
