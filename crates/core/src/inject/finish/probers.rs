//! What the agent must probe on the kubelet's behalf: the value of `ISTIO_KUBE_APP_PROBERS`, URL → handler
//! (Istio's `DumpAppProbers` and `mergeOrAppendProbers`). Reads the pod, never changes its probes.

use std::collections::BTreeMap;

use pillion_govalue::types::named;
use pillion_govalue::{Map, Value, encode, json, parse};

use super::containers::{self, List, PROXY};
use crate::inject::check;

/// URL path → the prober as JSON text; sorted, as Go writes a map.
pub(super) type Probers = BTreeMap<String, String>;

/// A place of a container that holds a handler, and the URL under which the agent serves it.
pub(super) struct Place {
    /// Keys from the container to the handler's holder.
    pub(super) path: &'static [&'static str],
    /// `app-health` or `app-lifecycle`.
    pub(super) family: &'static str,
    /// Last part of the URL.
    pub(super) suffix: &'static str,
    /// Probes know gRPC and a timeout; lifecycle hooks do not.
    pub(super) probe: bool,
}

/// All places; lifecycle hooks are last, for they are gated.
pub(super) const PLACES: [Place; 5] = [
    Place { path: &["readinessProbe"], family: "app-health", suffix: "readyz", probe: true },
    Place { path: &["livenessProbe"], family: "app-health", suffix: "livez", probe: true },
    Place { path: &["startupProbe"], family: "app-health", suffix: "startupz", probe: true },
    Place { path: &["lifecycle", "preStop"], family: "app-lifecycle", suffix: "prestopz", probe: false },
    Place { path: &["lifecycle", "postStart"], family: "app-lifecycle", suffix: "poststartz", probe: false },
];

/// The handlers that the agent can take over, in the order in which Go looks: JSON key, Go type.
const HANDLERS: [(&str, &str); 3] =
    [("httpGet", "v1.HTTPGetAction"), ("tcpSocket", "v1.TCPSocketAction"), ("grpc", "v1.GRPCAction")];

impl Place {
    /// The URL path that the agent serves for this place of the container.
    pub(super) fn url(&self, container: &str) -> String {
        format!("/{}/{container}/{}", self.family, self.suffix)
    }

    /// The handler that would be taken over: its JSON key.
    pub(super) fn handler(&self, holder: &Value<'_>) -> Option<&'static str> {
        let known = if self.probe { &HANDLERS[..] } else { &HANDLERS[..2] };
        known.iter().map(|(key, _)| *key).find(|key| holder.get(key).is_some_and(|h| !h.is_null()))
    }
}

/// The probers of all application containers. `status_port` is the mesh's: a probe that already points there
/// has been rewritten before.
pub(super) fn collect(pod: &Value<'_>, status_port: i64, lifecycle: bool) -> Probers {
    let mut out = Probers::new();
    let all =
        containers::list(pod, List::InitContainers).iter().chain(containers::list(pod, List::Containers));
    for container in all.filter(|c| containers::name(c) != PROXY) {
        for place in PLACES.iter().filter(|p| p.probe || lifecycle) {
            let Some(holder) = container.at(place.path) else { continue };
            if let Some(prober) = prober(place, holder, container, status_port) {
                out.insert(place.url(containers::name(container)), prober);
            }
        }
    }
    out
}

/// One prober as JSON; `None` if there is nothing to take over, a named port is unknown, or it is rewritten.
fn prober(place: &Place, holder: &Value<'_>, container: &Value<'_>, status_port: i64) -> Option<String> {
    let key = place.handler(holder)?;
    let mut action = holder.get(key)?.clone();
    if key != "grpc" {
        match action.get("port") {
            Some(Value::Str(name)) => {
                let number = port_number(container, name)?;
                action.as_map_mut()?.insert("port", number);
            }
            port => {
                if port.and_then(Value::as_i64).unwrap_or_default() == status_port {
                    return None;
                }
            }
        }
    }
    let timeout = if place.probe { holder.get("timeoutSeconds").and_then(Value::as_i64) } else { None };
    Some(prober_json(&[(key, &action)], timeout.unwrap_or_default()))
}

/// The number of a named port of the container; the last of several of one name, as in a Go map.
fn port_number(container: &Value<'_>, wanted: &str) -> Option<i64> {
    let ports = container.get("ports").and_then(Value::as_list).unwrap_or_default();
    let found = ports.iter().rfind(|p| !wanted.is_empty() && containers::name(p) == wanted)?;
    Some(found.get("containerPort").and_then(Value::as_i64).unwrap_or_default())
}

/// A prober as Go writes the struct: handlers in declaration order, a zero timeout left out.
fn prober_json(actions: &[(&str, &Value<'_>)], timeout: i64) -> String {
    let mut members = Vec::new();
    for (key, ty) in HANDLERS {
        if let Some((_, action)) = actions.iter().find(|(k, _)| *k == key)
            && let Some(ty) = named(ty)
        {
            let text = encode::go_json(action, ty).unwrap_or_default();
            members.push(format!("\"{key}\":{text}"));
        }
    }
    if timeout != 0 {
        members.push(format!("\"timeoutSeconds\":{timeout}"));
    }
    format!("{{{}}}", members.join(","))
}

/// The probers as one JSON object; empty text if there are none.
pub(super) fn to_json(probers: &Probers) -> String {
    if probers.is_empty() {
        return String::new();
    }
    let mut out = String::from("{");
    for (i, (url, prober)) in probers.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        json::write_string(&mut out, url, true);
        out.push(':');
        out.push_str(prober);
    }
    out.push('}');
    out
}

/// Puts probers that an earlier injection left in the environment over the new ones.
/// `None` if the earlier text is no such object: it then stays as it is.
pub(super) fn merged(mut new: Probers, earlier: &str) -> Option<Probers> {
    let earlier = parse(earlier.as_bytes()).ok()?;
    if earlier.is_null() {
        return Some(new);
    }
    for (url, prober) in earlier.as_map()?.iter() {
        new.insert(String::from(url.as_str()), reencoded(prober)?);
    }
    Some(new)
}

/// An earlier prober, decoded and encoded again as Go does; `None` if its fields are of the wrong kinds.
fn reencoded(prober: &Value<'_>) -> Option<String> {
    if prober.is_null() {
        return Some(String::from("null"));
    }
    let map: &Map<'_> = prober.as_map()?;
    let mut actions = Vec::new();
    for (key, ty) in HANDLERS {
        if let Some(action) = map.get(key).filter(|a| !a.is_null()) {
            check::check(action, named(ty)?).ok()?;
            actions.push((key, action));
        }
    }
    let timeout = match map.get("timeoutSeconds") {
        None | Some(Value::Null) => 0,
        Some(n @ Value::Int(_)) => i64::from(i32::try_from(n.as_i64()?).ok()?),
        Some(_) => return None,
    };
    Some(prober_json(&actions, timeout))
}
