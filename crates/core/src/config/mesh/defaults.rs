//! What a mesh configuration says before anybody said anything: the defaults that Istio's code sets
//! (pkg/config/mesh), as normal form. Never: what a ConfigMap adds.

use std::sync::LazyLock;

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Map, Value, parse};

use crate::config::jsonpb::Messages;

/// The `ProxyConfig` of a proxy nobody configured.
const PROXY_CONFIG: &str = r#"{
  "configPath": "./etc/istio/proxy",
  "binaryPath": "/usr/local/bin/envoy",
  "serviceCluster": "istio-proxy",
  "drainDuration": "45s",
  "discoveryAddress": "istiod.istio-system.svc:15012",
  "proxyAdminPort": 15000,
  "controlPlaneAuthPolicy": "MUTUAL_TLS",
  "statNameLength": 189,
  "statusPort": 15020,
  "terminationDrainDuration": "5s"
}"#;

/// What releases up to 1.21 had besides.
const TRACING: &str = r#"{"zipkin": {"address": "zipkin.istio-system:9411"}}"#;

/// The mesh without its `defaultConfig`.
const MESH: &str = r#"{
  "proxyListenPort": 15001,
  "proxyInboundListenPort": 15006,
  "connectTimeout": "10s",
  "protocolDetectionTimeout": "0s",
  "ingressClass": "istio",
  "ingressService": "istio-ingressgateway",
  "ingressControllerMode": "STRICT",
  "enableTracing": true,
  "outboundTrafficPolicy": {"mode": "ALLOW_ANY"},
  "inboundTrafficPolicy": {},
  "enableAutoMtls": true,
  "trustDomain": "cluster.local",
  "defaultServiceExportTo": ["*"],
  "defaultVirtualServiceExportTo": ["*"],
  "defaultDestinationRuleExportTo": ["*"],
  "rootNamespace": "istio-system",
  "localityLbSetting": {"enabled": true},
  "dnsRefreshRate": "60s",
  "enablePrometheusMerge": true,
  "extensionProviders": [
    {"name": "prometheus", "prometheus": {}},
    {"name": "stackdriver", "stackdriver": {}},
    {"name": "envoy", "envoyFileAccessLog": {"path": "/dev/stdout"}}
  ],
  "defaultProviders": {}
}"#;

/// The default `ProxyConfig`, the same with tracing, and the rest of the mesh.
static PARSED: LazyLock<[Map<'static>; 3]> = LazyLock::new(|| {
    let plain = object(PROXY_CONFIG);
    let mut traced = plain.clone();
    traced.insert("tracing", object(TRACING));
    [plain, traced, object(MESH)]
});

fn object(text: &'static str) -> Map<'static> {
    match parse(text.as_bytes()) {
        Ok(Value::Map(map)) => (*map).clone(),
        _ => Map::new(),
    }
}

/// The default `ProxyConfig`. `tracing`: with the Zipkin address that releases up to 1.21 assumed.
pub(crate) fn proxy_config(tracing: bool) -> &'static Map<'static> {
    &PARSED[usize::from(tracing)]
}

/// The default `MeshConfig`, its `defaultConfig` included.
pub(crate) fn mesh_config(tracing: bool, messages: Messages) -> Map<'static> {
    let mut config = PARSED[2].clone();
    let mesh = KNOWN.mesh_config.deref();
    config.retain(|key, _| mesh.field_by_json(key).is_none_or(|field| messages.has(mesh, field)));
    config.insert("defaultConfig", proxy_config(tracing).clone());
    config
}
