//! What makes Istio refuse a mesh configuration, and what it only warns of (pkg/config/validation/agent of Istio).
//! Works on the normal form, where zero and absent are the same. Never: reading or merging.

mod locality;
mod names;
mod proxy;
mod traffic;

use std::collections::BTreeSet;

use pillion_govalue::Value;

use crate::config::Gates;
use crate::config::jsonpb::duration;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Reasons to refuse the configuration.
    pub(crate) errors: Vec<String>,
    /// What may stay.
    pub(crate) warnings: Vec<String>,
}

impl Findings {
    fn error(&mut self, message: impl Into<String>) {
        self.errors.push(message.into());
    }

    /// Enters an error, if `result` is one, with what it is about.
    fn check(&mut self, about: &str, result: Result<(), String>) {
        if let Err(e) = result {
            self.errors.push(if about.is_empty() { e } else { format!("{about}: {e}") });
        }
    }
}

const MILLISECOND: i64 = 1_000_000;
const SECOND: i64 = 1_000 * MILLISECOND;
const HOUR: i64 = 3_600 * SECOND;

/// Checks a `MeshConfig`.
pub(crate) fn mesh(config: &Value<'_>, gates: &Gates) -> Findings {
    let mut found = Findings::default();
    found.check("proxyListenPort", names::port(integer(config, "proxyListenPort")));
    found.check("connectTimeout", connect_timeout(config, gates));
    if nanos(config, "protocolDetectionTimeout") % MILLISECOND != 0 {
        found.error("protocolDetectionTimeout: no finer than milliseconds");
    }
    match config.get("defaultConfig") {
        Some(proxy) => {
            let inner = proxy_config(proxy, gates);
            found.errors.extend(inner.errors.into_iter().map(|e| format!("defaultConfig: {e}")));
            found.warnings.extend(inner.warnings);
        }
        None => found.error("defaultConfig is missing"),
    }
    if let Some(setting) = config.get("localityLbSetting") {
        locality::locality(setting, &mut found);
    }
    if let Some(setting) = config.get("zoneAwareLbSetting") {
        locality::zone_aware(setting, &mut found);
    }
    service_settings(config, &mut found);
    trust_domains(config, &mut found);
    if config.at(&["meshMTLS", "ecdhCurves"]).is_some() {
        found.error("meshMTLS.ecdhCurves: the mesh's own TLS takes no curves");
    }
    curves(config, &mut found);
    if let Some(policy) = config.get("defaultTrafficPolicy") {
        traffic::policy(policy, &mut found);
    }
    found
}

/// Checks a `ProxyConfig`.
pub(crate) fn proxy_config(config: &Value<'_>, gates: &Gates) -> Findings {
    let mut found = Findings { errors: proxy::problems(config, gates), warnings: Vec::new() };
    if !gates.long_drain && nanos(config, "drainDuration") > HOUR {
        found.error(format!("drain time {} must be <1h0m0s", hours(nanos(config, "drainDuration"))));
    }
    if config.at(&["proxyMetadata", "ISTIO_META_DNS_AUTO_ALLOCATE"]).is_some() {
        found.warnings.push(String::from(
            "ISTIO_META_DNS_AUTO_ALLOCATE is deprecated: see the second version of DNS auto allocation in Istio's documentation",
        ));
    }
    found
}

/// A time of an hour or more, as Go prints it: `2h0m0.5s`.
fn hours(nanos: i64) -> String {
    const SECOND: i64 = 1_000_000_000;
    let (seconds, rest) = (nanos / SECOND, nanos % SECOND);
    let fraction = if rest == 0 { String::new() } else { format!(".{rest:09}") };
    format!("{}h{}m{}{}s", seconds / 3600, seconds / 60 % 60, seconds % 60, fraction.trim_end_matches('0'))
}

fn connect_timeout(config: &Value<'_>, gates: &Gates) -> Result<(), String> {
    at_least_a_millisecond(config, "connectTimeout")?;
    let (most, told) =
        if gates.long_connect_timeout { (HOUR, "an hour") } else { (30 * SECOND, "30 seconds") };
    if nanos(config, "connectTimeout") > most { Err(format!("at most {told}")) } else { Ok(()) }
}

fn service_settings(config: &Value<'_>, found: &mut Findings) {
    for (at, setting) in list(config, "serviceSettings").iter().enumerate() {
        for host in list(setting, "hosts").iter().filter_map(Value::as_str) {
            found.check(&format!("serviceSettings[{at}], host {host:?}"), names::wildcard_domain(host));
        }
    }
}

fn trust_domains(config: &Value<'_>, found: &mut Findings) {
    found.check("trustDomain", names::trust_domain(string(config, "trustDomain")));
    for (at, alias) in list(config, "trustDomainAliases").iter().enumerate() {
        let result = names::trust_domain(alias.as_str().unwrap_or_default());
        found.check(&format!("trustDomainAliases[{at}]"), result);
    }
}

/// The curves that the proxy knows.
const CURVES: [&str; 7] =
    ["P-224", "P-256", "P-521", "P-384", "X25519", "X25519Kyber768Draft00", "X25519MLKEM768"];

fn curves(config: &Value<'_>, found: &mut Findings) {
    let Some(defaults) = config.get("tlsDefaults") else { return };
    let (mut unknown, mut seen, mut twice) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for curve in list(defaults, "ecdhCurves").iter().filter_map(Value::as_str) {
        if !curve.is_empty() && !CURVES.contains(&curve) {
            unknown.insert(curve);
        } else if !seen.insert(curve) {
            twice.insert(curve);
        }
    }
    for (what, curves) in [("unknown", unknown), ("repeated", twice)] {
        if !curves.is_empty() {
            let curves: Vec<&str> = curves.into_iter().collect();
            found.warnings.push(format!("tlsDefaults.ecdhCurves: {what}: {}", curves.join(", ")));
        }
    }
}

fn string<'v>(object: &'v Value<'_>, key: &str) -> &'v str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn integer(object: &Value<'_>, key: &str) -> i64 {
    object.get(key).and_then(Value::as_i64).unwrap_or_default()
}

fn list<'v, 'a>(object: &'v Value<'a>, key: &str) -> &'v [Value<'a>] {
    object.get(key).and_then(Value::as_list).unwrap_or_default()
}

/// A duration in nanoseconds; an absent one is zero.
fn nanos(object: &Value<'_>, key: &str) -> i64 {
    object.get(key).and_then(Value::as_str).and_then(duration::parse).unwrap_or_default()
}

/// The rule for durations of the mesh: a whole number of milliseconds, one at least.
fn at_least_a_millisecond(object: &Value<'_>, key: &str) -> Result<(), String> {
    match nanos(object, key) {
        short if short < MILLISECOND => Err(String::from("duration must be greater than 1ms")),
        fine if fine % MILLISECOND != 0 => Err(String::from("only durations to ms precision are supported")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
