//! Pass `app_probes`: probes and lifecycle hooks that the sidecar would intercept go to the agent, which asks
//! the application in their place (Istio's `applyRewrite`). Lifecycle hooks only where the release's agent
//! serves them: an older one answers 404, and a failing postStart kills the container.

use pillion_govalue::{Map, Value};

use super::FinishError;
use super::containers::{self, List, PROXY, annotation, parse_bool};
use super::metadata::STATUS;
use super::probers::{self, PLACES, Place};
use crate::inject::context::Context;

const ENV: &str = "ISTIO_KUBE_APP_PROBERS";

/// Tells the sidecar what to probe and points the kubelet at the sidecar.
pub(super) fn run<'r>(
    pod: &mut Value<'r>,
    _template_pod: &Value<'r>,
    cx: &Context<'_, 'r>,
) -> Result<bool, FinishError> {
    if containers::sidecar(pod).is_none() || !wanted(pod, cx) {
        return Ok(false);
    }
    let lifecycle = cx.snapshot.gates.lifecycle_rewrite;
    let mesh_port = cx.snapshot.mesh.status_port();
    let probers = probers::collect(pod, mesh_port, lifecycle);
    let told = !probers.is_empty() && tell(pod, probers, cx.snapshot.gates.append_missing_probers);
    let port = annotation(pod, "status.sidecar.istio.io/port")
        .map_or(mesh_port, |text| text.parse::<i64>().unwrap_or_default());
    let mut changed = told;
    for which in [List::Containers, List::InitContainers] {
        for container in containers::list_mut(pod, which).into_iter().flatten() {
            if containers::name(container) != PROXY {
                changed |= rewrite(container, port, lifecycle);
            }
        }
    }
    Ok(changed)
}

/// The pod's annotation, else the installation's setting.
fn wanted(pod: &Value<'_>, cx: &Context<'_, '_>) -> bool {
    annotation(pod, "sidecar.istio.io/rewriteAppHTTPProbers")
        .and_then(parse_bool)
        .unwrap_or_else(|| cx.snapshot.values.rewrite_app_http_probe())
}

/// Puts the probers into the sidecar's environment. On a pod injected before, they are merged with what the
/// environment has; whether they are added there if they are missing depends on the release.
fn tell(pod: &mut Value<'_>, probers: probers::Probers, append_missing: bool) -> bool {
    let injected_before = annotation(pod, STATUS).is_some();
    let Some(env) = containers::sidecar_mut(pod).and_then(|c| c.child_list("env")) else { return false };
    let at = if injected_before { env.iter().position(|e| containers::name(e) == ENV) } else { None };
    match at {
        Some(at) => {
            let earlier = env[at].get("value").and_then(Value::as_str).unwrap_or_default();
            let Some(merged) = probers::merged(probers, earlier) else { return false };
            env[at] = containers::env_var(ENV, &probers::to_json(&merged));
        }
        None if injected_before && !append_missing => return false,
        None => env.push(containers::env_var(ENV, &probers::to_json(&probers))),
    }
    true
}

/// Points every handler of the container at the agent.
fn rewrite(container: &mut Value<'_>, port: i64, lifecycle: bool) -> bool {
    let name = String::from(containers::name(container));
    let mut changed = false;
    for place in PLACES.iter().filter(|p| p.probe || lifecycle) {
        let Some(handler) = container.at(place.path).and_then(|holder| place.handler(holder)) else {
            continue;
        };
        let holder = place.path.iter().try_fold(&mut *container, |v, key| v.get_mut(key));
        if let Some(holder) = holder.and_then(Value::as_map_mut) {
            take_over(holder, handler, place, &name, port);
            changed = true;
        }
    }
    changed
}

/// Makes the holder's handler an HTTP request to the agent. The agent speaks plain HTTP to the kubelet.
fn take_over(holder: &mut Map<'_>, handler: &str, place: &Place, container: &str, port: i64) {
    if handler != "httpGet" {
        holder.remove(handler);
        holder.insert("httpGet", Value::empty_map());
    }
    let Some(action) = holder.get_mut("httpGet").and_then(Value::as_map_mut) else { return };
    action.insert("path", place.url(container));
    #[allow(clippy::cast_possible_truncation, reason = "Go converts the port to int32 in the same way")]
    action.insert("port", i64::from(port as i32));
    if action.get("scheme").and_then(Value::as_str) == Some("HTTPS") {
        action.insert("scheme", "HTTP");
    }
}
