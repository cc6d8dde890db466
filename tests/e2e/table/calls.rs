//! Rows about how the API server calls: dry run, and again after other webhooks.

use serde_json::{Value, json};

use super::second::Second;
use crate::harness::install::{self, Install};
use crate::harness::pods::{create, dry_run, is_injected, plain};
use crate::harness::{get, kubectl_with, namespace, row};

pub(super) fn dry_run_has_no_side_effect(install: Install) {
    let namespace = namespace(&[("istio-injection", "enabled")]);
    let arguments = ["create", "--dry-run=server", "-o", "json", "-n", &namespace, "-f", "-"];
    let pod: Value = serde_json::from_str(&kubectl_with(&arguments, &plain("pod").to_string())).unwrap();
    assert!(is_injected(&pod));
    assert!(get(&format!("/api/v1/namespaces/{namespace}/pods/pod")).is_none());
    for entry in install::entries() {
        assert!(matches!(entry["sideEffects"].as_str(), Some("None" | "NoneOnDryRun")), "{entry}");
    }
    row(&format!("{install}: kubectl create --dry-run=server"));
}

pub(super) fn reinvoked_around_a_second_webhook(install: Install) {
    install::upgrade(install, &json!({"webhook": {"reinvocationPolicy": "IfNeeded"}}));
    let target = namespace(&[("istio-injection", "enabled")]);
    let alone = create(&target, &plain("alone"));
    let second = Second::start();
    let mut pods = vec![];
    // Webhooks are called in the order of their names.
    for (place, name) in [("before", "aaa-second"), ("after", "zzz-second")] {
        let registered = second.register(name, &target);
        install::settle();
        let calls = second.calls();
        // The same pod both times: its name is in the sidecar's settings.
        let pod = dry_run(&target, &plain("pod")).unwrap();
        assert!(second.calls() > calls, "the second webhook is not called");
        drop(registered);
        install::settle();
        assert!(is_injected(&pod), "{place}");
        let names = names(&pod);
        assert_eq!(names.iter().filter(|name| *name == Second::CONTAINER).count(), 1, "{place}: {names:?}");
        let mut want = self::names(&alone);
        want.push(Second::CONTAINER.to_owned());
        want.sort();
        assert_eq!(names, want, "{place}: other containers than alone");
        pods.push(told(&pod));
    }
    assert_eq!(pods[0], pods[1], "before and after differ");
    install::upgrade(install, &json!({}));
    row(&format!("{install}: reinvocationPolicy IfNeeded, a second webhook before and after ours"));
}

/// The names of all containers.
fn names(pod: &Value) -> Vec<String> {
    let mut names: Vec<String> = ["containers", "initContainers"]
        .iter()
        .flat_map(|list| pod["spec"][list].as_array().cloned().unwrap_or_default())
        .map(|container| container["name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

/// What the pod is, but for the place of the second container and what the API server makes anew each time.
fn told(pod: &Value) -> Value {
    let mut pod = pod.clone();
    pod["metadata"] =
        json!({"labels": pod["metadata"]["labels"], "annotations": pod["metadata"]["annotations"]});
    let token = pod["spec"]["volumes"].as_array().unwrap().iter().find_map(|volume| {
        volume["name"].as_str().filter(|name| name.starts_with("kube-api-access-")).map(str::to_owned)
    });
    for list in ["containers", "initContainers"] {
        if let Some(list) = pod["spec"][list].as_array_mut() {
            list.sort_by_key(|container| container["name"].as_str().unwrap().to_owned());
        }
    }
    let text = pod.to_string();
    serde_json::from_str(&token.map_or_else(|| text.clone(), |token| text.replace(&token, "TOKEN"))).unwrap()
}
