//! Passes `prometheus_merge` and `prometheus_secure_port`: the pod's own scrape settings move into the sidecar,
//! and Prometheus is pointed at the agent, which serves both (Istio's `applyPrometheusMerge` and
//! `applySecurePrometheusAnnotation`).

use pillion_gotmpl::fmt::quote;
use pillion_govalue::{Value, json};

use super::FinishError;
use super::containers::{self, annotation, annotations, env, env_var, parse_bool};
use crate::inject::context::Context;

const SCRAPE: &str = "prometheus_io_scrape";
const PORT: &str = "prometheus_io_port";
const PATH: &str = "prometheus_io_path";
const TARGETS: &str = "prometheus_istio_io_scrape_targets";
const SECURE_PORT: &str = "prometheus_istio_io_secure_port";

/// Ports that the data plane owns, with the use that the message names (Istio's `istioReservedPorts`).
const RESERVED: [(u16, &str); 9] = [
    (15000, "Envoy admin"),
    (15001, "outbound traffic capture"),
    (15004, "pilot debug"),
    (15006, "inbound traffic capture"),
    (15008, "HBONE tunnel"),
    (15020, "pilot-agent status / merged Prometheus"),
    (15021, "Envoy health"),
    (15053, "DNS proxy"),
    (15090, "Envoy Prometheus (already merged)"),
];

/// One `port:path` of `prometheus.istio.io/scrape-targets`.
struct Target {
    port: String,
    path: String,
}

/// What the pod asked Prometheus to scrape.
#[derive(Default)]
struct Scrape {
    scrape: String,
    path: String,
    port: String,
    targets: Vec<Target>,
}

/// Pass `prometheus_merge`.
pub(super) fn merge<'r>(
    pod: &mut Value<'r>,
    _template_pod: &Value<'r>,
    cx: &Context<'_, 'r>,
) -> Result<bool, FinishError> {
    let wanted = spelled(pod, SCRAPE).find_map(parse_bool).unwrap_or(true);
    if !wanted || !enabled(pod, cx) {
        return Ok(false);
    }
    let agent_port = cx.snapshot.mesh.status_port().to_string();
    // The agent's own port: the user is in control, or the pod has been injected before.
    if spelled(pod, PORT).next() == Some(agent_port.as_str()) {
        return Ok(false);
    }
    let with_targets = cx.snapshot.gates.scrape_targets;
    let mut scrape = configured(pod, with_targets);
    if let Some(first) = scrape.targets.first() {
        // Agents that know of no targets still scrape the first.
        (scrape.port, scrape.path) = (first.port.clone(), first.path.clone());
        for target in &scrape.targets {
            check_port(&target.port, &agent_port, true)
                .map_err(|e| FinishError::Scrape(format!("invalid prometheus scrape targets: {e}")))?;
        }
    } else if with_targets && !scrape.port.is_empty() {
        check_port(&scrape.port, &agent_port, false)
            .map_err(|e| FinishError::Scrape(format!("invalid prometheus scrape configuration: {e}")))?;
    }
    if !scrape.is_empty()
        && let Some(env) = containers::sidecar_mut(pod).and_then(|c| c.child_list("env"))
    {
        env.push(env_var("ISTIO_PROMETHEUS_ANNOTATIONS", &scrape.to_json()));
    }
    // Prometheus picks any of several spellings: only ours may stay.
    clear(pod, with_targets);
    if let Some(all) = containers::metadata_mut(pod, "annotations") {
        all.insert("prometheus.io/port", agent_port);
        all.insert("prometheus.io/path", "/stats/prometheus");
        all.insert("prometheus.io/scrape", "true");
    }
    Ok(true)
}

/// Takes every scrape setting off the pod.
fn clear(pod: &mut Value<'_>, with_targets: bool) {
    if let Some(all) = containers::metadata_mut(pod, "annotations") {
        all.retain(|key, _| {
            let ours = [SCRAPE, PORT, PATH].iter().any(|name| is_spelled(key, name));
            !(ours || with_targets && is_spelled(key, TARGETS))
        });
    }
}

/// Takes the settings that an earlier injection wrote, known by the agent's port, off a pod that is injected again.
pub(crate) fn forget_agent(pod: &mut Value<'_>, cx: &Context<'_, '_>) {
    let agent_port = cx.snapshot.mesh.status_port().to_string();
    if spelled(pod, PORT).next() == Some(agent_port.as_str()) {
        clear(pod, cx.snapshot.gates.scrape_targets);
    }
}

/// Pass `prometheus_secure_port`: the annotation follows the sidecar's `ENVOY_SECURE_MERGED_METRICS_PORT`.
pub(super) fn secure_port<'r>(
    pod: &mut Value<'r>,
    _template_pod: &Value<'r>,
    cx: &Context<'_, 'r>,
) -> Result<bool, FinishError> {
    if !cx.snapshot.gates.secure_metrics_port || spelled(pod, SECURE_PORT).next().is_some() {
        return Ok(false);
    }
    let port = containers::sidecar(pod)
        .and_then(|c| env(c, "ENVOY_SECURE_MERGED_METRICS_PORT"))
        .filter(|p| !p.is_empty() && *p != "0")
        .map(String::from);
    let (Some(port), Some(all)) = (port, containers::metadata_mut(pod, "annotations")) else {
        return Ok(false);
    };
    all.insert("prometheus.istio.io/secure-port", port);
    Ok(true)
}

/// Whether merging is on: the pod's annotation, else the mesh's setting, else yes.
/// Nobody can merge without an agent, whatever the pod asks for.
fn enabled(pod: &Value<'_>, cx: &Context<'_, '_>) -> bool {
    cx.snapshot.agent
        && annotation(pod, "prometheus.istio.io/merge-metrics")
            .and_then(parse_bool)
            .unwrap_or_else(|| cx.snapshot.mesh.enable_prometheus_merge())
}

/// Whether an annotation is `name` once every character that Prometheus does not allow in a label name is a `_`: how
/// annotations of any spelling meet.
fn is_spelled(key: &str, name: &str) -> bool {
    let sanitized = key.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' });
    sanitized.eq(name.chars())
}

/// The values of all annotations that are `name` in some spelling, in source order.
fn spelled<'p>(pod: &'p Value<'_>, name: &'static str) -> impl Iterator<Item = &'p str> {
    annotations(pod).filter(move |(k, _)| is_spelled(k, name)).map(|(_, v)| v)
}

fn configured(pod: &Value<'_>, with_targets: bool) -> Scrape {
    let mut scrape = Scrape::default();
    for (key, value) in annotations(pod) {
        if is_spelled(key, SCRAPE) {
            scrape.scrape = String::from(value);
        } else if is_spelled(key, PORT) {
            scrape.port = String::from(value);
        } else if is_spelled(key, PATH) {
            scrape.path = String::from(value);
        } else if with_targets && is_spelled(key, TARGETS) {
            scrape.targets = targets(value).unwrap_or_default();
        }
    }
    scrape
}

/// `8080:/metrics, 9090`; `None` where an entry has no port (Istio then ignores the whole annotation).
fn targets(text: &str) -> Option<Vec<Target>> {
    let mut all = Vec::new();
    for entry in text.split(',').map(str::trim).filter(|e| !e.is_empty()) {
        let (port, path) = entry.split_once(':').unwrap_or((entry, ""));
        let (port, path) = (port.trim(), path.trim());
        if port.is_empty() {
            return None;
        }
        let path = if path.is_empty() { "/metrics" } else { path };
        all.push(Target { port: String::from(port), path: String::from(path) });
    }
    Some(all)
}

/// Refuses a port that is none, that is the agent's, or that the data plane owns.
fn check_port(port: &str, agent_port: &str, target: bool) -> Result<(), String> {
    let what = if target { "target port" } else { "port" };
    let number = port.parse::<i64>().ok().and_then(|n| u16::try_from(n).ok()).filter(|n| *n > 0);
    let Some(number) = number else {
        return Err(format!("invalid {what} {}", quote::quote(port.as_bytes())));
    };
    if number.to_string() == agent_port {
        return Err(format!("{what} {port} conflicts with agent port"));
    }
    match RESERVED.iter().find(|(reserved, _)| *reserved == number) {
        Some((_, reason)) => {
            Err(format!("{what} {port} is reserved for Istio ({reason}) and cannot be scraped"))
        }
        None => Ok(()),
    }
}

impl Scrape {
    const fn is_empty(&self) -> bool {
        self.scrape.is_empty() && self.path.is_empty() && self.port.is_empty() && self.targets.is_empty()
    }

    /// What the agent reads from `ISTIO_PROMETHEUS_ANNOTATIONS`.
    fn to_json(&self) -> String {
        let mut out = String::new();
        object(&mut out, &[("scrape", &self.scrape), ("path", &self.path), ("port", &self.port)]);
        if !self.targets.is_empty() {
            out.pop();
            out.push_str(",\"targets\":[");
            for (i, target) in self.targets.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                object(&mut out, &[("port", &target.port), ("path", &target.path)]);
            }
            out.push_str("]}");
        }
        out
    }
}

fn object(out: &mut String, members: &[(&str, &str)]) {
    for (i, (key, value)) in members.iter().enumerate() {
        out.push(if i == 0 { '{' } else { ',' });
        json::write_string(out, key, true);
        out.push(':');
        json::write_string(out, value, true);
    }
    out.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_meet_whatever_their_punctuation() {
        assert!(is_spelled("prometheus.io/port", PORT) && is_spelled("prometheus-io-port", PORT));
        assert!(is_spelled("prometheus.istio.io/scrape-targets", TARGETS));
        assert!(!is_spelled("prometheus.io/ports", PORT) && !is_spelled("prometheus.io/por", PORT));
    }

    #[test]
    fn targets_take_a_default_path_and_skip_empty_entries() {
        let all = targets(" 8080:/m , ,9090, 1: ").unwrap();
        let all: Vec<_> = all.iter().map(|t| (t.port.as_str(), t.path.as_str())).collect();
        assert_eq!(all, [("8080", "/m"), ("9090", "/metrics"), ("1", "/metrics")]);
        assert!(targets(":/x").is_none());
    }

    #[test]
    fn ports_of_the_data_plane_are_refused_with_their_use() {
        assert!(check_port("8080", "15020", true).is_ok());
        assert!(check_port("+8080", "15020", true).is_ok());
        assert_eq!(check_port("x", "15020", true).unwrap_err(), "invalid target port \"x\"");
        assert_eq!(check_port("0", "15020", false).unwrap_err(), "invalid port \"0\"");
        assert_eq!(
            check_port("015020", "15020", false).unwrap_err(),
            "port 015020 conflicts with agent port"
        );
        assert!(
            check_port("15090", "15020", true).unwrap_err().contains("Envoy Prometheus (already merged)")
        );
    }

    #[test]
    fn the_scrape_settings_are_written_as_the_agent_reads_them() {
        let mut scrape = Scrape { port: String::from("80"), path: String::from("/a&b"), ..Scrape::default() };
        assert_eq!(scrape.to_json(), r#"{"scrape":"","path":"/a\u0026b","port":"80"}"#);
        scrape.targets = targets("80:/a").unwrap();
        assert_eq!(
            scrape.to_json(),
            r#"{"scrape":"","path":"/a\u0026b","port":"80","targets":[{"port":"80","path":"/a"}]}"#
        );
    }
}
