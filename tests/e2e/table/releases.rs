//! The life of a Helm release, as the README has it: values shown, changed and rendered; installed, upgraded many times,
//! uninstalled. Pods start at every step, and nothing is left behind.

use std::fs;

use serde_json::{Value, json};

use crate::harness::install::{
    self, Install, RELEASE, ROOT, chart, configurations, nothing_installed, serves, settle,
};
use crate::harness::pods::{create, is_injected, plain};
use crate::harness::{cluster, get, helm_ok, istio, kubectl, list, namespace, row, soon};
use crate::support::run;

/// What people set where they run istiod.
fn settings(install: Install) -> Value {
    let mut values = install.values();
    values["resources"] = json!({
        "requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"cpu": "100m", "memory": "512Mi"},
    });
    values["tolerations"] = json!([{"key": "infra", "operator": "Exists", "effect": "NoSchedule"}]);
    values["affinity"] = json!({"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{
        "weight": 1,
        "preference": {"matchExpressions": [{"key": "infra", "operator": "Exists"}]},
    }]}});
    values
}

fn lives(install: Install) {
    install::root_namespace();
    istio::config_maps(ROOT, install.revision());
    let target = namespace(&[("istio-injection", "enabled")]);
    let mut count = 0;
    let mut pod = |want: bool, step: &str| {
        count += 1;
        let pod = create(&target, &plain(&format!("pod-{count}")));
        assert_eq!(is_injected(&pod), want, "{step}\n{}", install::state());
    };
    pod(false, "before");

    let chart = chart();
    let chart = chart.to_str().unwrap();
    let directory = tempfile::tempdir().unwrap();
    // What is shown can be given back as it is; the settings are laid over it.
    let shown = directory.path().join("values.yaml");
    fs::write(&shown, helm_ok(&["show", "values", chart])).unwrap();
    let own = directory.path().join("own.yaml");
    fs::write(&own, settings(install).to_string()).unwrap();
    let files = ["-f", shown.to_str().unwrap(), "-f", own.to_str().unwrap()];

    let rendered = helm_ok(&[&["template", RELEASE, chart, "-n", ROOT][..], &files].concat());
    assert!(rendered.contains("kind: MutatingWebhookConfiguration"));
    accepted(&rendered);
    let upgrade = |more: &[&str]| {
        let arguments = ["upgrade", "--install", "--history-max", "5", RELEASE, chart, "-n", ROOT];
        helm_ok(&[&arguments[..], &files, more].concat());
    };
    upgrade(&[]);
    // Not ready yet, or ready already: no pod is refused either way.
    create(&target, &plain("at-once"));
    serves(install);
    pod(true, "installed");
    is_as_set(install);

    for step in 1..=7 {
        upgrade(&["--set", &format!("podAnnotations.step=s{step}")]);
        create(&target, &plain(&format!("during-{step}")));
        pod(true, "upgraded");
    }
    serves(install);
    pod(true, "upgraded and rolled out");
    let history: Value =
        serde_json::from_str(&helm_ok(&["history", RELEASE, "-n", ROOT, "-o", "json"])).unwrap();
    assert_eq!(history.as_array().map(Vec::len), Some(5), "--history-max 5");

    helm_ok(&["uninstall", RELEASE, "-n", ROOT, "--wait", "--timeout=90s"]);
    create(&target, &plain("uninstalled"));
    settle();
    pod(false, "uninstalled");
    nothing_is_left(install);

    // A namespace that is deleted with everything in it, release and all.
    upgrade(&[]);
    serves(install);
    pod(true, "installed again");
    kubectl(&["delete", "namespace", &target, "--timeout=90s"]);
    helm_ok(&["uninstall", RELEASE, "-n", ROOT, "--wait", "--timeout=90s"]);
    kubectl(&["delete", "namespace", ROOT, "--timeout=90s"]);
    assert!(get(&format!("/api/v1/namespaces/{ROOT}")).is_none());
    nothing_is_left(install);
    row(&format!(
        "{install}: helm show values, template, upgrade --install --history-max 5, uninstall; namespace deleted"
    ));
}

/// That the API server takes everything that is rendered.
fn accepted(manifests: &str) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("rendered.yaml");
    fs::write(&file, manifests).unwrap();
    let mut command = cluster().plane.kubectl();
    command.args(["apply", "--dry-run=server", "--validate=strict", "-n", ROOT, "-f"]).arg(file);
    let output = run(&mut command, "");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("Warning"), "{said}");
}

/// That the Deployment has what was set.
fn is_as_set(install: Install) {
    let path = format!("/apis/apps/v1/namespaces/{ROOT}/deployments/pillion{}", install.suffix());
    let deployment = get(&path).unwrap();
    let pod = &deployment["spec"]["template"]["spec"];
    let settings = settings(install);
    assert_eq!(pod["containers"][0]["resources"], settings["resources"]);
    assert_eq!(pod["tolerations"], settings["tolerations"]);
    assert_eq!(pod["affinity"]["nodeAffinity"], settings["affinity"]["nodeAffinity"]);
}

/// That no object of ours is in the cluster, labelled or not.
fn nothing_is_left(install: Install) {
    assert!(configurations().is_empty(), "webhook configurations are left");
    let own = format!("pillion{}", install.suffix());
    let kinds = kubectl(&["api-resources", "--verbs=list", "-o", "name"]);
    let kinds: Vec<&str> = kinds.lines().filter(|kind| !kind.starts_with("events")).collect();
    // The garbage collector follows owners a moment later.
    soon("nothing is left", || {
        let text = kubectl(&["get", &kinds.join(","), "-A", "--no-headers", "--ignore-not-found"]);
        let left: Vec<&str> = text.lines().filter(|line| line.contains(&own)).collect();
        if !left.is_empty() {
            println!("still there: {}", left.join("; "));
        }
        left.is_empty()
    });
    assert!(list(&format!("/api/v1/namespaces/{ROOT}/pods")).is_empty(), "pods are left");
}

#[test]
fn a_release_of_the_default_revision() {
    nothing_installed().run(|| lives(Install::Default));
}

#[test]
fn a_release_of_revision_1_20_2() {
    nothing_installed().run(|| lives(Install::Revision));
}
