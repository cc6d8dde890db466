//! Pass `container_order`: where the sidecar and its init containers stand among the pod's own (Istio's
//! `reorderPod`). Nothing but order changes.

use pillion_govalue::Value;

use super::FinishError;
use super::containers::{self, CORE_DUMP, INIT, List, PROXY, VALIDATION, annotation};
use crate::inject::context::Context;

/// Where a container goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    First,
    Last,
}

/// A native sidecar stands before the pod's init containers, behind those that set up the redirect.
const NATIVE: [(&str, Place); 4] =
    [(CORE_DUMP, Place::First), (PROXY, Place::First), (VALIDATION, Place::First), (INIT, Place::First)];
/// Otherwise the redirect is set up last, so that it does not cut off the pod's init containers; the check of a
/// CNI plugin's redirect is first, to stop them.
const CLASSIC: [(&str, Place); 3] =
    [(VALIDATION, Place::First), (INIT, Place::Last), (CORE_DUMP, Place::Last)];

/// Orders the containers.
pub(super) fn run<'r>(
    pod: &mut Value<'r>,
    _template_pod: &Value<'r>,
    cx: &Context<'_, 'r>,
) -> Result<bool, FinishError> {
    // The sidecar is last, so that `kubectl exec` goes to the application, unless the application waits for it.
    let place = if hold(cx)? { Place::First } else { Place::Last };
    let mut changed = move_to(pod, List::Containers, PROXY, place) | make_list(pod);
    let native = containers::find(pod, List::InitContainers, PROXY).is_some();
    let moves = if native { &NATIVE[..] } else { &CLASSIC[..] };
    for (name, place) in moves {
        changed |= move_to(pod, List::InitContainers, name, *place);
    }
    for name in cx.snapshot.injector.last_init.iter().filter(|_| !cx.native) {
        changed |= move_to(pod, List::InitContainers, name, Place::Last);
    }
    Ok(changed)
}

/// Istio's ordering leaves a list where there was none: a pod without containers says so in as many words.
fn make_list(pod: &mut Value<'_>) -> bool {
    let missing = pod.at(&["spec", List::Containers.key()]).is_none_or(Value::is_null);
    missing
        && pod.child_map("spec").is_some_and(|spec| {
            spec.insert(List::Containers.key(), Vec::new());
            true
        })
}

/// Whether the application waits for the sidecar: mesh or annotation, else the (deprecated) value. Istio reads
/// the annotation over the mesh's defaults here, without ProxyConfig resources.
fn hold(cx: &Context<'_, '_>) -> Result<bool, FinishError> {
    let mesh = &cx.snapshot.mesh;
    let applied = match annotation(&cx.original, "proxy.istio.io/config") {
        Some(text) => {
            Some(mesh.with_proxy_config(text).map_err(|e| FinishError::ProxyConfig(e.to_string()))?)
        }
        None => None,
    };
    let config = applied.as_ref().unwrap_or_else(|| mesh.default_config());
    let by_config =
        config.get("holdApplicationUntilProxyStarts").and_then(Value::as_bool).unwrap_or_default();
    Ok(by_config || cx.snapshot.values.hold_application())
}

/// Moves the container of that name; of several of one name the last stays, as in Istio.
fn move_to(pod: &mut Value<'_>, which: List, name: &str, place: Place) -> bool {
    let at = |c: &Value<'_>| containers::name(c) == name;
    let list = containers::list(pod, which);
    let count = list.iter().filter(|c| at(c)).count();
    let there = match place {
        Place::First => list.first().is_some_and(at),
        Place::Last => list.last().is_some_and(at),
    };
    if count == 0 || count == 1 && there {
        return false;
    }
    let Some(list) = containers::list_mut(pod, which) else { return false };
    let mut found = None;
    list.retain(|c| {
        let matches = at(c);
        if matches {
            found = Some(c.clone());
        }
        !matches
    });
    if let Some(container) = found {
        let to = if place == Place::First { 0 } else { list.len() };
        list.insert(to, container);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use pillion_govalue::parse;

    fn names(pod: &Value<'_>) -> Vec<String> {
        containers::list(pod, List::Containers).iter().map(|c| String::from(containers::name(c))).collect()
    }

    #[test]
    fn a_container_moves_and_the_others_keep_their_order() {
        let text = br#"{"spec":{"containers":[{"name":"a"},{"name":"istio-proxy"},{"name":"b"}]}}"#;
        let mut pod = parse(text).unwrap();
        assert!(move_to(&mut pod, List::Containers, PROXY, Place::Last));
        assert_eq!(names(&pod), ["a", "b", "istio-proxy"]);
        assert!(!move_to(&mut pod, List::Containers, PROXY, Place::Last));
        assert!(move_to(&mut pod, List::Containers, PROXY, Place::First));
        assert_eq!(names(&pod), ["istio-proxy", "a", "b"]);
        assert!(!move_to(&mut pod, List::InitContainers, PROXY, Place::First));
    }
}
