//! What makes a `ProxyConfig` unusable: mandatory fields, addresses, ports, durations, tracing (Istio's
//! `ValidateMeshConfigProxyConfig`). Works on the normal form, where zero and absent are the same.
//! Never: reading YAML or merging.

use pillion_govalue::Value;

use crate::config::Gates;

use super::names::{port, proxy_address};
use super::{MILLISECOND, SECOND, integer, nanos, string};

/// All that is wrong with `config`, which is a `ProxyConfig` in normal form.
pub(super) fn problems(config: &Value<'_>, gates: &Gates) -> Vec<String> {
    let mut out = Vec::new();
    mandatory(config, &mut out);
    drain_duration(config, &mut out);
    match string(config, "discoveryAddress") {
        "" => out.push(String::from("discovery address must be set to the proxy discovery service")),
        address => prefixed(&mut out, "invalid discovery address:", proxy_address(address)),
    }
    if let Some(tracing) = config.get("tracing") {
        check_tracing(tracing, gates, &mut out);
    }
    addresses(config, &mut out);
    prefixed(&mut out, "invalid proxy admin port:", port(integer(config, "proxyAdminPort")));
    // An enum whose number is not known stands as that number.
    match config.get("controlPlaneAuthPolicy") {
        Some(Value::Str(policy)) if !["NONE", "MUTUAL_TLS"].contains(&policy.as_str()) => {
            out.push(format!(
                "invalid authentication policy: unrecognized control plane auth policy {policy:?}"
            ));
        }
        Some(Value::Int(number)) => out.push(format!(
            "invalid authentication policy: unrecognized control plane auth policy \"{number}\""
        )),
        _ => {}
    }
    prefixed(&mut out, "invalid status port:", port(integer(config, "statusPort")));
    if let Some(provider) = config.get("privateKeyProvider") {
        private_key_provider(provider, &mut out);
    }
    if let Some(settings) = config.get("connectionSettings") {
        connection_settings(settings, &mut out);
    }
    out
}

fn prefixed(out: &mut Vec<String>, prefix: &str, result: Result<(), String>) {
    if let Err(e) = result {
        out.push(format!("{prefix} {e}"));
    }
}

fn mandatory(config: &Value<'_>, out: &mut Vec<String>) {
    for (key, message) in
        [("configPath", "config path must be set"), ("binaryPath", "binary path must be set")]
    {
        if string(config, key).is_empty() {
            out.push(String::from(message));
        }
    }
    // Two members of one oneof: a service cluster that is set but empty is worse than a tracing service name.
    match (config.get("serviceCluster"), config.get("tracingServiceName")) {
        (Some(name), _) if name.as_str() == Some("") => {
            out.push(String::from("service cluster must be specified"));
        }
        (None, None) => {
            out.push(String::from("oneof service cluster or tracing service name must be specified"));
        }
        _ => {}
    }
}

fn drain_duration(config: &Value<'_>, out: &mut Vec<String>) {
    let drain = nanos(config, "drainDuration");
    if drain < MILLISECOND {
        out.push(String::from("invalid drain duration: duration must be greater than 1ms"));
    } else if drain % MILLISECOND != 0 {
        out.push(String::from("invalid drain duration: only durations to ms precision are supported"));
    } else if drain % SECOND != 0 {
        out.push(String::from("drain time only supports durations to seconds precision"));
    }
}

fn addresses(config: &Value<'_>, out: &mut Vec<String>) {
    let nested = |key: &str| config.get(key).map_or("", |service| string(service, "address"));
    for (what, address) in [
        ("statsd udp", string(config, "statsdUdpAddress")),
        ("envoy metrics service", string(config, "envoyMetricsServiceAddress")),
        ("envoy metrics service", nested("envoyMetricsService")),
        ("envoy access log service", nested("envoyAccessLogService")),
    ] {
        if !address.is_empty() {
            prefixed(out, &format!("invalid {what} address {address:?}:"), proxy_address(address));
        }
    }
}

fn check_tracing(tracing: &Value<'_>, gates: &Gates, out: &mut Vec<String>) {
    if let Some(lightstep) = tracing.get("lightstep") {
        let address = string(lightstep, "address");
        if address.is_empty() {
            out.push(String::from("invalid lightstep config: address is required"));
        }
        prefixed(out, "invalid lightstep config: invalid lightstep address:", proxy_address(address));
        if string(lightstep, "accessToken").is_empty() {
            out.push(String::from("invalid lightstep config: access token is required"));
        }
    }
    for (key, prefix) in [("zipkin", "invalid zipkin config:"), ("datadog", "invalid datadog config:")] {
        if let Some(collector) = tracing.get(key) {
            // The node's address is only known where the proxy runs.
            let address = string(collector, "address").replacen("$(HOST_IP)", "127.0.0.1", 1);
            prefixed(out, prefix, proxy_address(&address));
        }
    }
    if let Some(tls) = tracing.get("tlsSettings") {
        let mut faults = Vec::new();
        check_tls(tls, gates, &mut faults);
        out.extend(faults.into_iter().map(|f| format!("invalid tracing TLS config: {f}")));
    }
}

/// How a credential begins that lies in a ConfigMap.
const CONFIG_MAP: &str = "configmap://";

/// What is wrong with `namespace/name` behind [`CONFIG_MAP`]. Something always is: a configuration that is in no
/// namespace may not name any.
fn config_map_fault(place: &str) -> String {
    let mut parts = place.split('/');
    let expected = match (parts.next().unwrap_or_default(), parts.next()) {
        (_, None) => "namespace and name",
        ("", Some(_)) => "namespace",
        (_, Some("")) => "name",
        _ => return String::from("namespace must match the configuration namespace \"\""),
    };
    format!("invalid resource name {:?}. Expected {expected}", format!("{CONFIG_MAP}{place}"))
}

fn check_tls(tls: &Value<'_>, gates: &Gates, out: &mut Vec<String>) {
    let has = |key: &str| !string(tls, key).is_empty();
    let mode = tls.get("mode").and_then(Value::as_str).unwrap_or("DISABLE");
    let (simple, mutual) = (mode == "SIMPLE", mode == "MUTUAL");
    if gates.config_map_credentials_checked
        && let Some(place) = string(tls, "credentialName").strip_prefix(CONFIG_MAP)
    {
        out.push(format!("invalid configmap:// credentialName: {}", config_map_fault(place)));
    }
    if tls.get("insecureSkipVerify").and_then(Value::as_bool) == Some(true) {
        let names = tls.get("subjectAltNames").is_some();
        if simple && (has("caCertificates") || has("credentialName") || names) {
            out.push(String::from(
                "cannot specify CaCertificates or CredentialName or SubjectAltNames when InsecureSkipVerify is set true",
            ));
        }
        if mutual && (has("caCertificates") || names) {
            out.push(String::from(
                "cannot specify CaCertificates or SubjectAltNames when InsecureSkipVerify is set true",
            ));
        }
    }
    if (simple || mutual) && has("credentialName") {
        if ["clientCertificate", "caCertificates", "privateKey", "caCrl"].into_iter().any(has) {
            out.push(String::from(
                "cannot specify client certificates or CA certificate or CA CRL If credentialName is set",
            ));
        }
        return;
    }
    if mutual {
        for (key, what) in [("clientCertificate", "client certificate"), ("privateKey", "private key")] {
            if !has(key) {
                out.push(format!("{what} required for mutual tls"));
            }
        }
    }
}

fn private_key_provider(provider: &Value<'_>, out: &mut Vec<String>) {
    const PREFIX: &str = "invalid private key provider configuration:";
    let Some(settings) = provider.get("cryptomb").or_else(|| provider.get("qat")) else {
        out.push(format!("{PREFIX} private key provider configuration is required"));
        out.push(format!("{PREFIX} unknown private key provider"));
        return;
    };
    match settings.get("pollDelay") {
        None => out.push(format!("{PREFIX} pollDelay is required")),
        Some(_) if nanos(settings, "pollDelay") == 0 => {
            out.push(format!("{PREFIX} pollDelay must be non zero"));
        }
        Some(_) => {}
    }
}

/// Numbers of `connectionSettings` with the least value each may have.
const LEAST: [(&str, &str, i64); 7] = [
    ("listenerPerConnectionBufferLimitBytes", "listener_per_connection_buffer_limit_bytes", 0),
    ("clusterPerConnectionBufferLimitBytes", "cluster_per_connection_buffer_limit_bytes", 0),
    ("httpMaxConcurrentStreams", "http_max_concurrent_streams", 1),
    ("http2InitialStreamWindowSize", "http2_initial_stream_window_size", 65_535),
    ("http2InitialConnectionWindowSize", "http2_initial_connection_window_size", 65_535),
    ("listenerConnectionLimit", "listener_connection_limit", 1),
    ("globalDownstreamConnectionLimit", "global_downstream_connection_limit", 1),
];

/// Durations of `connectionSettings`: none may be negative.
const TIMES: [(&str, &str); 7] = [
    ("httpIdleTimeout", "http_idle_timeout"),
    ("httpMaxConnectionDuration", "http_max_connection_duration"),
    ("httpDrainTimeout", "http_drain_timeout"),
    ("httpRequestTimeout", "http_request_timeout"),
    ("httpRequestHeadersTimeout", "http_request_headers_timeout"),
    ("httpStreamIdleTimeout", "http_stream_idle_timeout"),
    ("httpMaxStreamDuration", "http_max_stream_duration"),
];

fn connection_settings(settings: &Value<'_>, out: &mut Vec<String>) {
    for (key, name, least) in LEAST {
        if settings.get(key).and_then(Value::as_i64).is_some_and(|n| n < least) {
            let rule = match least {
                0 => String::from("non-negative"),
                1 => String::from("positive"),
                n => format!("at least {n}"),
            };
            out.push(format!("invalid connection settings: {name} must be {rule}"));
        }
    }
    for (key, name) in TIMES {
        if nanos(settings, key) < 0 {
            out.push(format!("invalid connection settings: {name} must be non-negative"));
        }
    }
}
