//! What must hold of Pillion's answer whatever Istio does: unknown fields survive in place. (That the patch applies
//! to the bytes that were sent is checked by the judge, who applies it.)

use serde_json::Value;

/// Keys that begin so are known to no Kubernetes release.
pub const UNKNOWN_PREFIX: &str = "unknown";

/// Unknown fields of `pod` that `patch` loses, changes or moves.
#[must_use]
pub fn unknown_fields(pod: &Value, patch: &Value) -> Vec<String> {
    let mut before = vec![];
    collect("", pod, &mut before);
    if before.is_empty() {
        return vec![];
    }
    let mut patched = pod.clone();
    let applied = serde_json::from_value::<json_patch::Patch>(patch.clone())
        .map_err(|e| e.to_string())
        .and_then(|patch| json_patch::patch(&mut patched, &patch).map_err(|e| e.to_string()));
    if let Err(error) = applied {
        return vec![format!("the patch does not apply: {error}")];
    }
    let mut after = vec![];
    collect("", &patched, &mut after);
    let mut gone = stripped_containers(pod);
    gone.extend(container_names(pod).into_iter().filter(|name| !container_names(&patched).contains(name)));
    before
        .into_iter()
        .filter(|(path, _)| !gone.iter().any(|name| path.contains(&format!("containers[{name}]"))))
        .filter(|found| !after.contains(found))
        .map(|(path, _)| format!("the unknown field {path} did not stay as it was"))
        .collect()
}

/// Containers of an earlier injection: they are taken out and made anew.
fn stripped_containers(pod: &Value) -> Vec<String> {
    let status = &pod["metadata"]["annotations"]["sidecar.istio.io/status"];
    let status: Value = status.as_str().and_then(|s| serde_json::from_str(s).ok()).unwrap_or_default();
    ["containers", "initContainers"]
        .iter()
        .filter_map(|list| status[list].as_array())
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect()
}

/// The containers of a pod. (A template may remove one; whether it should is for the comparison to say.)
fn container_names(pod: &Value) -> Vec<String> {
    ["containers", "initContainers"]
        .iter()
        .filter_map(|list| pod["spec"][list].as_array())
        .flatten()
        .filter_map(|container| container["name"].as_str().map(str::to_owned))
        .collect()
}

/// Every unknown field with the way to it. A list's items are told apart by name, so that an item may move;
/// a native sidecar moves from the containers to the init containers, which counts as the same place.
fn collect(path: &str, value: &Value, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                let key = if key == "initContainers" { "containers" } else { key };
                let path = format!("{path}.{key}");
                if key.starts_with(UNKNOWN_PREFIX) {
                    found.push((path, member.clone()));
                } else {
                    collect(&path, member, found);
                }
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                let key = ["name", "mountPath", "ip", "key"].iter().find_map(|k| item[k].as_str());
                let name = key.map_or_else(|| at.to_string(), str::to_owned);
                collect(&format!("{path}[{name}]"), item, found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod() -> Value {
        json!({"spec": {"containers": [{"name": "a", "unknownOne": 1}, {"name": "b"}]}})
    }

    #[test]
    fn a_container_may_move_with_its_unknown_field() {
        let patch = json!([{"op": "move", "from": "/spec/containers/0", "path": "/spec/containers/1"}]);
        assert!(unknown_fields(&pod(), &patch).is_empty());
    }

    #[test]
    fn an_unknown_field_that_ends_up_elsewhere_is_reported() {
        let patch = json!([
            {"op": "replace", "path": "/spec/containers/0/name", "value": "b"},
            {"op": "replace", "path": "/spec/containers/1/name", "value": "a"},
        ]);
        assert_eq!(unknown_fields(&pod(), &patch).len(), 1);
    }

    #[test]
    fn what_an_earlier_injection_added_may_go() {
        let mut pod = pod();
        pod["metadata"] = json!({"annotations": {"sidecar.istio.io/status": r#"{"containers":["a"]}"#}});
        let patch = json!([{"op": "remove", "path": "/spec/containers/0"}]);
        assert!(unknown_fields(&pod, &patch).is_empty());
    }
}
