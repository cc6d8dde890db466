//! What must hold of Pillion's answer whatever Istio does: unknown fields survive in place, a second injection changes
//! nothing but what Istio's does, and it says why. (That the patch applies to the bytes that were sent is checked by the judge,
//! who applies it.)

use std::collections::BTreeMap;

use pillion_core::inject::Reason;
use serde_json::Value;

use crate::answer::{Reading, Told, Verdict};
use crate::compare::differences;
use crate::judge::Pair;

/// Keys that begin so are known to no Kubernetes release.
pub const UNKNOWN_PREFIX: &str = "unknown";

/// Unknown fields of `pod` that `patch` loses, changes or moves; `templates` are the names of those that made it, with commas.
#[must_use]
pub fn unknown_fields(pod: &Value, patch: &Value, templates: &str) -> Vec<String> {
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
    let mut gone: Vec<String> = stripped_containers(pod);
    gone.extend(removed(pod, &patched));
    let mut gone: Vec<String> = gone.into_iter().map(|name| format!("containers[{name}]")).collect();
    gone.extend(removed_volumes(pod, &patched));
    gone.extend(cut_volumes(pod));
    gone.extend(emptied(pod, templates));
    gone.extend(taken_over(pod, &patched));
    gone.extend(run_together(pod, &patched));
    before
        .into_iter()
        .filter(|(path, _)| !gone.iter().any(|item| path.contains(item.as_str())))
        .filter(|found| !after.contains(found))
        .map(|(path, _)| format!("the unknown field {path} did not stay as it was"))
        .collect()
}

/// What a second injection must not do: change what Istio's own second injection leaves alone. `before` is a pod that
/// Istio injected, `after` what Istio makes of it again, `changed` the paths that Pillion changed in it. The user's
/// settings for the mesh's own containers may come back: Istio loses them, Pillion does not.
#[must_use]
pub fn second_injection(before: &Value, after: &Value, changed: &[&str]) -> Vec<String> {
    let istio = differences(&without_nulls(before.clone()), &without_nulls(after.clone()));
    // Items that no name tells apart are counted, and a change of one shifts the others.
    let uncounted = |path: &str| {
        let counted =
            path.match_indices('[').find(|(at, _)| path[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
        counted.map_or(path.len(), |(at, _)| at)
    };
    let related = |path: &str| {
        let path = &path[..uncounted(path)];
        let mut changes = istio.iter().map(|change| &change.path[..uncounted(&change.path)]);
        changes.any(|change| change.starts_with(path) || path.starts_with(change))
    };
    let kept: Vec<String> =
        listed_in(before, "proxy.istio.io/overrides", |container| container["name"].as_str())
            .into_iter()
            .filter(|name| name.starts_with("istio-"))
            .collect();
    changed
        .iter()
        .filter(|path| {
            !related(path) && !kept.iter().any(|name| path.contains(&format!("ontainers[{name}]")))
        })
        .map(|path| format!("a second injection changes what Istio's leaves alone: {path}"))
        .collect()
}

/// With the chart's own values no template prints a value that is not there.
#[must_use]
pub fn no_value(pair: &Pair<'_>) -> Vec<String> {
    const NO_VALUE: &str = "<no value>";
    if pair.case.pod().to_string().contains(NO_VALUE) {
        return vec![];
    }
    [("Istio", &pair.istio), ("Pillion", &pair.pillion)]
        .into_iter()
        .filter(|(_, reading)| reading.patch.to_string().contains(NO_VALUE))
        .map(|(who, _)| format!("{NO_VALUE} in what {who} injects with the chart's own values"))
        .collect()
}

/// Each answer of Pillion says why to the audit log, and warns in few words; no answer of Istio does, so that a release
/// which begins to is noticed.
#[must_use]
pub fn told(pair: &Pair<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    let readings = [Some(&pair.istio), pair.typed.then_some(&pair.pillion)];
    if readings.into_iter().flatten().any(|it| !it.told.warnings.is_null() || !it.told.audit.is_null()) {
        broken.push("Istio warns, or writes audit annotations: compare them from now on".to_owned());
    }
    if !pair.typed {
        broken.extend(told_badly(&pair.pillion));
    }
    broken
}

fn told_badly(reading: &Reading) -> Option<String> {
    let verdict = match reading.verdict {
        Verdict::Injected => "injected",
        Verdict::Skipped => "skipped",
        Verdict::Refused => "refused",
        Verdict::Http(_) | Verdict::Panicked | Verdict::Unreadable => return None,
    };
    let Told { warnings, audit } = &reading.told;
    let reason = audit["reason"].as_str().and_then(Reason::from_code);
    if audit["verdict"] != verdict || reason.is_none_or(|reason| reason.verdict().code() != verdict) {
        return Some(format!("{verdict}, and the audit log is told {audit}"));
    }
    let long = |value: &Value, most: usize| value.as_str().is_none_or(|text| text.chars().count() > most);
    let name = |name: &str| name.len() <= 63 && name.bytes().all(|b| b.is_ascii_alphanumeric());
    let members = audit.as_object().into_iter().flatten();
    if members.into_iter().any(|(key, value)| !name(key) || long(value, 256)) {
        return Some(format!("the audit log is told too much: {audit}"));
    }
    let warnings = warnings.as_array().map(Vec::as_slice).unwrap_or_default();
    let too_much = warnings.len() > 5 || warnings.iter().any(|warning| long(warning, 120));
    too_much.then(|| format!("warnings that are too many or too long: {warnings:?}"))
}

/// The same without null members, which to Go are not there.
#[must_use]
pub fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            members.into_iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k, without_nulls(v))).collect()
        }
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

/// Containers of an earlier injection: they are taken out and made anew.
fn stripped_containers(pod: &Value) -> Vec<String> {
    listed_in(pod, "sidecar.istio.io/status", Value::as_str)
}

/// The names of containers that an annotation lists, under either list.
fn listed_in(pod: &Value, annotation: &str, name: impl Fn(&Value) -> Option<&str>) -> Vec<String> {
    let text = pod["metadata"]["annotations"][annotation].as_str();
    let listed: Value = text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    ["containers", "initContainers"]
        .iter()
        .filter_map(|list| listed[list].as_array())
        .flatten()
        .filter_map(|item| name(item).map(str::to_owned))
        .collect()
}

/// Containers that are no longer where they may be. (A template may remove one; whether it should is for the comparison
/// to say.) A container may become an init container, as native sidecars do; the other way it is another container.
fn removed(before: &Value, after: &Value) -> Vec<String> {
    let names = |pod: &Value, list: &str| -> Vec<String> {
        let containers = pod["spec"][list].as_array().into_iter().flatten();
        containers.filter_map(|container| container["name"].as_str().map(str::to_owned)).collect()
    };
    let (plain, init) = (names(after, "containers"), names(after, "initContainers"));
    let mut gone = names(before, "containers");
    gone.retain(|name| !plain.contains(name) && !init.contains(name));
    gone.extend(names(before, "initContainers").into_iter().filter(|name| !init.contains(name)));
    gone
}

/// Volumes that are no longer there, as [`collect`] calls them.
fn removed_volumes(before: &Value, after: &Value) -> Vec<String> {
    let names = |pod: &Value| -> Vec<String> {
        let volumes = pod["spec"]["volumes"].as_array().into_iter().flatten();
        volumes.filter_map(|volume| volume["name"].as_str().map(str::to_owned)).collect()
    };
    let left = names(after);
    let gone = names(before).into_iter().filter(|name| !left.contains(name));
    gone.map(|name| format!("volumes[{name}]")).collect()
}

/// Volumes of which a template that the pod asks for keeps named fields only, as [`collect`] calls them: that is what
/// `$retainKeys` is for, in `templates/patch-merges.tpl` of one volume and in `retained-keys-of-strategy.tpl` of each that
/// is an emptyDir.
fn cut_volumes(pod: &Value) -> Vec<String> {
    let asked = pod["metadata"]["annotations"]["inject.istio.io/templates"].as_str().unwrap_or_default();
    let asks_for = |template: &str| asked.split(',').any(|name| name.trim() == template);
    let volumes = pod["spec"]["volumes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let cut = volumes.iter().filter_map(|volume| {
        let name = volume["name"].as_str()?;
        let cut = asks_for("patch-merges") && name == "data"
            || asks_for("retained-keys-of-strategy") && !volume["emptyDir"].is_null();
        cut.then(|| format!("volumes[{name}]"))
    });
    cut.collect()
}

/// The user's sidecar, as [`collect`] calls it, where the pod has no other container and a template that is not Istio's own
/// runs: one that lists the application's containers then lists none, which takes the whole list away, and the sidecar comes
/// back as the overrides have it.
fn emptied(pod: &Value, templates: &str) -> Option<String> {
    const PROXY: &str = "istio-proxy";
    const ISTIOS: [&str; 5] = ["sidecar", "gateway", "grpc-simple", "grpc-agent", "waypoint"];
    templates.split(',').find(|name| !ISTIOS.contains(name) && !name.is_empty())?;
    let containers = pod["spec"]["containers"].as_array()?;
    containers.iter().all(|container| container["name"] == PROXY).then(|| format!("containers[{PROXY}]"))
}

/// Handlers of probes and hooks, as [`collect`] calls them, that are of another kind now: the agent answers in the kubelet's
/// stead, by HTTP.
fn taken_over(before: &Value, after: &Value) -> Vec<String> {
    const PLACES: [&str; 5] =
        ["readinessProbe", "livenessProbe", "startupProbe", "lifecycle/preStop", "lifecycle/postStart"];
    let containers = |pod: &Value| -> Vec<Value> {
        let lists = ["containers", "initContainers"].iter().filter_map(|list| pod["spec"][list].as_array());
        lists.flatten().cloned().collect()
    };
    let after = containers(after);
    let mut gone = vec![];
    for container in containers(before) {
        let Some(name) = container["name"].as_str() else { continue };
        let same: Vec<&Value> = after.iter().filter(|other| other["name"] == name).collect();
        for (place, kind) in PLACES.iter().flat_map(|place| [(place, "grpc"), (place, "tcpSocket")]) {
            let there = |container: &Value| {
                container.pointer(&format!("/{place}/{kind}")).is_some_and(|handler| !handler.is_null())
            };
            if there(&container) && same.iter().any(|other| !there(other)) {
                gone.push(format!("containers[{name}].{}.{kind}.", place.replace('/', ".")));
            }
        }
    }
    gone
}

/// Items of lists that no merge key tells apart, as [`collect`] calls them, of which there are fewer now: a merge has made
/// one of several, and one of them stays.
fn run_together(before: &Value, after: &Value) -> Vec<String> {
    let (mut were, mut are) = (BTreeMap::new(), BTreeMap::new());
    count("", before, &mut were);
    count("", after, &mut are);
    let fewer = were.into_iter().filter(|(item, n)| *n > 1 && are.get(item).is_none_or(|left| left < n));
    fewer.map(|(item, _)| item).collect()
}

/// How many items there are of each path.
fn count(path: &str, value: &Value, found: &mut BTreeMap<String, usize>) {
    each(path, value, &mut |path, key, value| {
        if key.is_none() {
            *found.entry(path.to_owned()).or_default() += 1;
        }
        count(path, value, found);
    });
}

/// Every unknown field with the way to it. A list's items are told apart by name, so that an item may move;
/// a native sidecar moves from the containers to the init containers, which counts as the same place.
fn collect(path: &str, value: &Value, found: &mut Vec<(String, Value)>) {
    each(path, value, &mut |path, key, value| {
        if key.is_some_and(|key| key.starts_with(UNKNOWN_PREFIX)) {
            found.push((path.to_owned(), value.clone()));
        } else {
            collect(path, value, found);
        }
    });
}

/// The merge keys of lists whose items are not told apart by `name`.
const MERGE_KEYS: [(&str, &str); 5] = [
    ("volumeMounts", "mountPath"),
    ("volumeDevices", "devicePath"),
    ("ports", "containerPort"),
    ("hostAliases", "ip"),
    ("topologySpreadConstraints", "topologyKey"),
];

/// The members of an object or the items of a list, with the way to each, and its key where it is a member.
fn each(path: &str, value: &Value, see: &mut dyn FnMut(&str, Option<&str>, &Value)) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                let key = if key == "initContainers" { "containers" } else { key };
                see(&format!("{path}.{key}"), Some(key), member);
            }
        }
        Value::Array(items) => {
            let list = path.rsplit('.').next().unwrap_or_default();
            let key = MERGE_KEYS.iter().find(|(name, _)| *name == list).map_or("name", |(_, key)| key);
            for item in items {
                // What no key tells apart may come to stand elsewhere in its list.
                let name = match [key, "key"].into_iter().map(|key| &item[key]).find(|it| !it.is_null()) {
                    // Go writes a key that is missing as an empty one, or zero.
                    Some(empty) if *empty == "" || *empty == 0 => "?".to_owned(),
                    Some(Value::String(name)) => name.clone(),
                    Some(other) => other.to_string(),
                    None => "?".to_owned(),
                };
                see(&format!("{path}[{name}]"), None, item);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Reading, Verdict};
    use crate::case::Case;
    use serde_json::json;

    fn pod() -> Value {
        json!({"spec": {"containers": [{"name": "a", "unknownOne": 1}, {"name": "b"}]}})
    }

    #[test]
    fn a_container_may_move_with_its_unknown_field() {
        let patch = json!([{"op": "move", "from": "/spec/containers/0", "path": "/spec/containers/1"}]);
        assert!(unknown_fields(&pod(), &patch, "").is_empty());
    }

    #[test]
    fn an_unknown_field_that_ends_up_elsewhere_is_reported() {
        let patch = json!([
            {"op": "replace", "path": "/spec/containers/0/name", "value": "b"},
            {"op": "replace", "path": "/spec/containers/1/name", "value": "a"},
        ]);
        assert_eq!(unknown_fields(&pod(), &patch, "").len(), 1);
    }

    #[test]
    fn a_second_injection_may_change_what_istio_changes_and_bring_overrides_back() {
        let before = json!({"metadata": {"annotations": {"proxy.istio.io/overrides": r#"{"containers":[{"name":"istio-proxy"}]}"#}}, "a": 1, "b": 1});
        let after = json!({"metadata": before["metadata"], "a": 2, "b": 1});
        let changed = ["a", "spec.containers[istio-proxy].image"];
        assert!(second_injection(&before, &after, &changed).is_empty());
        assert_eq!(second_injection(&before, &after, &["b"]).len(), 1);
    }

    #[test]
    fn a_container_that_a_template_removed_takes_its_unknown_fields_along() {
        let pod = json!({"spec": {"initContainers": [{"name": "istio-proxy", "unknownOne": 1}]}});
        let patch = json!([
            {"op": "remove", "path": "/spec/initContainers"},
            {"op": "add", "path": "/spec/containers", "value": [{"name": "istio-proxy"}]},
        ]);
        assert!(unknown_fields(&pod, &patch, "").is_empty());
    }

    #[test]
    fn a_lone_sidecar_may_lose_unknown_fields_to_templates_that_are_not_istios_only() {
        let pod = json!({"spec": {"containers": [{"name": "istio-proxy", "unknownOne": 1}]}});
        let patch = json!([{"op": "remove", "path": "/spec/containers/0/unknownOne"}]);
        assert_eq!(unknown_fields(&pod, &patch, "sidecar").len(), 1);
        assert!(unknown_fields(&pod, &patch, "sidecar,ports").is_empty());
    }

    #[test]
    fn a_volume_of_which_a_template_keeps_named_fields_loses_the_others() {
        let mut pod =
            json!({"spec": {"volumes": [{"name": "data", "unknownOne": 1}, {"name": "b", "unknownOne": 1}]}});
        let remove = |at| json!([{"op": "remove", "path": format!("/spec/volumes/{at}/unknownOne")}]);
        assert_eq!(unknown_fields(&pod, &remove(0), "").len(), 1);
        pod["metadata"] = json!({"annotations": {"inject.istio.io/templates": "sidecar,patch-merges"}});
        assert!(unknown_fields(&pod, &remove(0), "").is_empty());
        assert_eq!(unknown_fields(&pod, &remove(1), "").len(), 1);
    }

    #[test]
    fn a_handler_that_the_agent_takes_over_takes_its_unknown_fields_along_and_others_do_not() {
        let pod = json!({"spec": {"containers": [
            {"name": "a", "readinessProbe": {"grpc": {"port": 1, "unknownOne": 1}}},
            {"name": "b", "readinessProbe": {"grpc": {"port": 1, "unknownOne": 1}}},
        ]}});
        let taken =
            json!([{"op": "replace", "path": "/spec/containers/0/readinessProbe", "value": {"httpGet": {}}}]);
        assert!(unknown_fields(&pod, &taken, "").is_empty());
        let lost = json!([{"op": "remove", "path": "/spec/containers/1/readinessProbe/grpc/unknownOne"}]);
        assert_eq!(unknown_fields(&pod, &lost, "").len(), 1);
    }

    #[test]
    fn of_items_with_one_merge_key_one_may_go_with_its_unknown_fields() {
        let mounts = json!([{"name": "a", "unknownOne": 1}, {"name": "b"}]);
        for pod in [
            json!({"spec": {"initContainers": [{"name": "a", "unknownOne": 1}, {"name": "a"}]}}),
            json!({"spec": {"initContainers": [{"name": "x", "volumeMounts": mounts}]}}),
        ] {
            let list = if pod["spec"]["initContainers"][0]["name"] == "a" { "" } else { "/0/volumeMounts" };
            let path = |at: &str| format!("/spec/initContainers{list}/{at}");
            let goes = json!([{"op": "remove", "path": path("0")}]);
            assert!(unknown_fields(&pod, &goes, "").is_empty());
            let stays = json!([{"op": "remove", "path": path("0/unknownOne")}]);
            assert_eq!(unknown_fields(&pod, &stays, "").len(), 1);
        }
    }

    #[test]
    fn what_an_earlier_injection_added_may_go() {
        let mut pod = pod();
        pod["metadata"] = json!({"annotations": {"sidecar.istio.io/status": r#"{"containers":["a"]}"#}});
        let patch = json!([{"op": "remove", "path": "/spec/containers/0"}]);
        assert!(unknown_fields(&pod, &patch, "").is_empty());
    }

    #[test]
    fn a_value_that_is_not_there_is_told_of_unless_the_user_wrote_it() {
        let reading = |value: &str| Reading {
            verdict: Verdict::Injected,
            message: String::new(),
            patch: json!([{"op": "add", "path": "/metadata/labels", "value": {"a": value}}]),
            envelope: Value::Null,
            told: Told::default(),
        };
        let case = |written: &str| Case {
            name: String::new(),
            path: String::new(),
            review: json!({"request": {"object": {"metadata": {"name": written}}}}),
            covers: vec![],
            again: false,
        };
        let told = |written: &str, istio: &str, pillion: &str| {
            let case = case(written);
            let pair = Pair { case: &case, istio: reading(istio), pillion: reading(pillion), typed: false };
            no_value(&pair).len()
        };
        assert_eq!(told("a", "<no value>", "x-<no value>"), 2);
        assert_eq!(told("a", "b", "c"), 0);
        assert_eq!(told("<no value>", "<no value>", "<no value>"), 0);
    }

    #[test]
    fn an_answer_must_say_why_in_few_words() {
        let reading = |verdict, warnings: Value, audit: Value| Reading {
            verdict,
            message: String::new(),
            patch: Value::Null,
            envelope: Value::Null,
            told: Told { warnings, audit },
        };
        let right = json!({"reason": "host_network", "verdict": "skipped", "rule": "hostNetwork"});
        let badly = |verdict, warnings, audit: &Value| {
            told_badly(&reading(verdict, warnings, audit.clone())).is_some()
        };
        assert!(!badly(Verdict::Skipped, json!(["short"]), &right));
        assert!(badly(Verdict::Injected, Value::Null, &right));
        assert!(badly(Verdict::Skipped, Value::Null, &Value::Null));
        assert!(badly(Verdict::Skipped, json!(["x".repeat(121)]), &right));
        assert!(badly(Verdict::Skipped, json!(["a", "b", "c", "d", "e", "f"]), &right));
        for (name, value) in [("a/b", "x"), ("a", &*"x".repeat(257))] {
            let mut audit = right.clone();
            audit[name] = json!(value);
            assert!(badly(Verdict::Skipped, Value::Null, &audit), "{name}");
        }
    }

    #[test]
    fn an_item_that_no_name_tells_apart_may_come_elsewhere_in_its_list() {
        let before = json!({"env": [{"name": "a"}, {"name": "a"}]});
        let after = json!({"env": [{"name": "a"}, {"name": "a"}, {"name": "a"}]});
        assert!(second_injection(&before, &after, &["env[1].name"]).is_empty());
    }
}
