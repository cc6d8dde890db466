//! The mesh-wide traffic policy: connection pools and outlier detection. Never: a DestinationRule's.

use pillion_govalue::Value;

use super::{Findings, MILLISECOND, at_least_a_millisecond, integer, nanos};

/// Numbers of `connectionPool.http` that may not be negative.
const COUNTS: [&str; 5] = [
    "http1MaxPendingRequests",
    "http2MaxRequests",
    "maxRequestsPerConnection",
    "maxRetries",
    "maxConcurrentStreams",
];

/// `defaultTrafficPolicy`.
pub(super) fn policy(policy: &Value<'_>, found: &mut Findings) {
    if let Some(pool) = policy.get("connectionPool") {
        connection_pool(pool, found);
    }
    if let Some(detection) = policy.get("outlierDetection") {
        outlier_detection(detection, found);
    }
}

fn connection_pool(pool: &Value<'_>, found: &mut Findings) {
    const NAME: &str = "defaultTrafficPolicy.connectionPool";
    let (http, tcp) = (pool.get("http"), pool.get("tcp"));
    if http.is_none() && tcp.is_none() {
        found.error(format!("{NAME}: must have at least one field"));
    }
    if let Some(http) = http {
        for key in COUNTS.iter().filter(|key| integer(http, key) < 0) {
            found.error(format!("{NAME}.http.{key}: must be non-negative"));
        }
        times(&format!("{NAME}.http"), http, &["idleTimeout"], found);
        let upgrade = http.get("h2UpgradePolicy").and_then(Value::as_str) == Some("UPGRADE");
        if upgrade && http.get("useClientProtocol").is_some() {
            found.error(format!(
                "{NAME}.http: useClientProtocol and h2UpgradePolicy UPGRADE exclude each other"
            ));
        }
    }
    if let Some(tcp) = tcp {
        let name = format!("{NAME}.tcp");
        if integer(tcp, "maxConnections") < 0 {
            found.error(format!("{name}.maxConnections: must be non-negative"));
        }
        times(&name, tcp, &["connectTimeout", "maxConnectionDuration"], found);
        // Less than a millisecond switches the timeout off.
        if nanos(tcp, "idleTimeout") / MILLISECOND != 0 {
            times(&name, tcp, &["idleTimeout"], found);
        }
        if let Some(keepalive) = tcp.get("tcpKeepalive") {
            times(&format!("{name}.tcpKeepalive"), keepalive, &["time", "interval"], found);
        }
    }
}

fn outlier_detection(detection: &Value<'_>, found: &mut Findings) {
    const NAME: &str = "defaultTrafficPolicy.outlierDetection";
    times(NAME, detection, &["baseEjectionTime", "interval"], found);
    let split = detection.get("splitExternalLocalOriginErrors").is_some();
    if !split && integer(detection, "consecutiveLocalOriginFailures") > 0 {
        found.error(format!(
            "{NAME}: consecutiveLocalOriginFailures counts only with splitExternalLocalOriginErrors"
        ));
    }
    for key in ["maxEjectionPercent", "minHealthPercent"] {
        if !(0..=100).contains(&integer(detection, key)) {
            found.error(format!("{NAME}.{key}: must be a percentage"));
        }
    }
}

/// The durations among `keys` that are set.
fn times(name: &str, object: &Value<'_>, keys: &[&str], found: &mut Findings) {
    for key in keys.iter().filter(|key| object.get(key).is_some()) {
        found.check(&format!("{name}.{key}"), at_least_a_millisecond(object, key));
    }
}
