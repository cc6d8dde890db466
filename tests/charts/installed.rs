//! The chart installed for real: what an upgrade leaves alone, what the program may do, whom API servers leave out,
//! what is left at the end. The program itself does not run here: there are no nodes.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::{KUBERNETES, helm, list, plane, repository, run, succeed, template};

const CA: &str = "Q0EgaW4gUEVN";

/// Helm, acting on a release in the cluster.
fn release(action: &[&str], namespace: &str, more: &[&str]) {
    let mut command = helm();
    command.args(action).args(["--namespace", namespace, "--no-hooks", "--kubeconfig"]);
    succeed(command.arg(plane().kubeconfig()).args(more), "");
}

fn kubectl(arguments: &[&str]) -> Command {
    let mut command = plane().kubectl();
    command.args(arguments);
    command
}

fn namespace(name: &str, labels: &[&str]) {
    succeed(&mut kubectl(&["create", "namespace", name]), "");
    // Without the controllers nobody else makes it, and pods need it.
    succeed(&mut kubectl(&["create", "serviceaccount", "default", "-n", name]), "");
    if !labels.is_empty() {
        succeed(kubectl(&["label", "namespace", name]).args(labels), "");
    }
}

fn webhooks(name: &str) -> Vec<Value> {
    let told = succeed(&mut kubectl(&["get", "mutatingwebhookconfiguration", name, "-o", "json"]), "");
    list(&serde_json::from_str::<Value>(&told).unwrap()["webhooks"]).to_vec()
}

/// What the program does once it is ready.
fn arm(name: &str) {
    let rule = json!({"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"], "scope": "*"});
    let entries: Vec<Value> = webhooks(name)
        .iter()
        .map(|entry| json!({"name": entry["name"], "rules": [rule], "clientConfig": {"caBundle": CA}}))
        .collect();
    let applied = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": name}, "webhooks": entries,
    });
    let mut command =
        kubectl(&["apply", "--server-side", "--force-conflicts", "--field-manager=pillion", "-f", "-"]);
    succeed(&mut command, &applied.to_string());
}

fn assert_armed(name: &str, when: &str) {
    for entry in webhooks(name) {
        assert_eq!(list(&entry["rules"]).len(), 1, "{when}: {}", entry["name"]);
        assert_eq!(entry["clientConfig"]["caBundle"], CA, "{when}: {}", entry["name"]);
    }
}

#[test]
fn upgrades_leave_an_armed_webhook_armed_and_nothing_is_left_at_the_end() {
    const NAME: &str = "pillion-sidecar-injector-armed";
    namespace("armed", &[]);
    let chart = repository("charts/pillion");
    let chart = chart.to_str().unwrap();
    let values = ["--set", "revision=armed,mode=envoy"];
    release(&["upgrade", "--install", "--history-max", "5", "armed", chart], "armed", &values);
    let made = webhooks(NAME);
    assert_eq!(made.len(), 2);
    assert!(
        made.iter().all(|entry| entry["rules"].is_null()),
        "no pod is refused before the program is ready"
    );

    arm(NAME);
    assert_armed(NAME, "armed");
    release(&["upgrade", "armed", chart], "armed", &values);
    assert_armed(NAME, "after an upgrade that changes nothing");
    release(
        &["upgrade", "armed", chart],
        "armed",
        &[&values[..], &["--set", "webhook.timeoutSeconds=7"]].concat(),
    );
    assert_armed(NAME, "after an upgrade that changes an entry");
    assert!(webhooks(NAME).iter().all(|entry| entry["timeoutSeconds"] == 7));
    let only = ["--show-only", "templates/webhooks.yaml"];
    let rendered = template("armed", &[&values[..], &only].concat()).unwrap();
    let ours = ["apply", "-f", "-"];
    succeed(&mut kubectl(&ours), &rendered);
    assert_armed(NAME, "after `kubectl apply`");
    succeed(kubectl(&ours).args(["--server-side", "--force-conflicts"]), &rendered);
    assert_armed(NAME, "after `kubectl apply --server-side`");

    release(&["uninstall", "armed"], "armed", &[]);
    let kinds = "mutatingwebhookconfigurations,clusterroles,clusterrolebindings,roles,rolebindings,deployments,services,\
                 serviceaccounts,poddisruptionbudgets";
    let mut left = kubectl(&["get", kinds, "-A", "-o", "name", "-l", "pillion.dev/rev=armed"]);
    let left = succeed(&mut left, "");
    assert!(left.is_empty(), "{left}");
}

/// Verb, what, namespace ("" is the cluster), and whether the program may.
const RIGHTS: &[(&str, &str, &str, bool)] = &[
    ("list", "mutatingwebhookconfigurations", "", true),
    ("get", "mutatingwebhookconfigurations/pillion-sidecar-injector-rights", "", false),
    ("patch", "mutatingwebhookconfigurations/pillion-sidecar-injector-rights", "", true),
    ("patch", "mutatingwebhookconfigurations/pillion-revision-tag-prod", "", true),
    ("patch", "mutatingwebhookconfigurations/taken-over", "", true),
    ("patch", "mutatingwebhookconfigurations/istio-sidecar-injector", "", false),
    ("create", "mutatingwebhookconfigurations", "", false),
    ("delete", "mutatingwebhookconfigurations/pillion-sidecar-injector-rights", "", false),
    ("watch", "validatingwebhookconfigurations", "", true),
    ("patch", "validatingwebhookconfigurations/pillion-validator-rights", "", true),
    ("patch", "validatingwebhookconfigurations/istio-validator-istio-system", "", false),
    ("create", "validatingwebhookconfigurations", "", false),
    ("watch", "nodes", "", true),
    ("list", "namespaces", "", false),
    ("watch", "proxyconfigs.networking.istio.io", "", true),
    ("watch", "configmaps/istio-sidecar-injector-rights", "istio-system", true),
    ("list", "configmaps/istio-rights", "istio-system", true),
    ("get", "configmaps/other", "istio-system", false),
    ("list", "configmaps", "istio-system", false),
    ("get", "configmaps/pillion-envoy-rights", "rights", false),
    ("create", "events.events.k8s.io", "istio-system", true),
    ("create", "events.events.k8s.io", "rights", true),
    ("create", "events.events.k8s.io", "default", true),
    ("patch", "events.events.k8s.io", "default", true),
    ("delete", "events.events.k8s.io", "default", false),
    ("get", "replicasets.apps/any", "default", true),
    ("list", "replicasets.apps", "default", false),
    ("get", "jobs.batch/any", "default", true),
    ("watch", "jobs.batch", "default", false),
    ("get", "deployments/any", "default", false),
    ("get", "secrets/pillion-certs-rights", "istio-system", false),
    ("create", "secrets", "rights", true),
    ("watch", "secrets/pillion-certs-rights", "rights", true),
    ("update", "secrets/pillion-certs-rights", "rights", true),
    ("patch", "secrets/pillion-certs-rights", "rights", false),
    ("get", "secrets/pillion-certs-rights", "rights", false),
    ("get", "secrets/other", "rights", false),
    ("list", "secrets", "rights", false),
    ("delete", "secrets/pillion-certs-rights", "rights", false),
    ("patch", "leases/pillion-certs-rights", "rights", true),
    ("update", "leases/pillion-certs-rights", "rights", false),
    ("patch", "leases/pillion-status-rights", "rights", false),
    ("patch", "leases/other", "rights", false),
    ("get", "deployments/pillion-rights", "rights", true),
    ("patch", "deployments/pillion-rights", "rights", false),
    ("get", "services/pillion-rights", "rights", true),
    ("get", "services/other", "rights", false),
    ("watch", "endpointslices", "rights", true),
    ("list", "endpointslices", "istio-system", false),
    ("list", "pods", "rights", false),
    ("create", "pods", "rights", false),
];

/// What differs in Envoy mode: namespaces give defaults to their pods, values over the profile's
/// are followed, and nothing of Istio's is read.
const RIGHTS_IN_ENVOY_MODE: &[(&str, &str, &str, bool)] = &[
    ("list", "namespaces", "", true),
    ("watch", "namespaces", "", true),
    ("patch", "namespaces", "", false),
    ("watch", "nodes", "", true),
    ("watch", "proxyconfigs.networking.istio.io", "", false),
    ("watch", "configmaps/istio-sidecar-injector-own", "istio-system", false),
    ("list", "pods", "", false),
    ("get", "configmaps/pillion-envoy-own", "own", true),
    ("list", "configmaps/pillion-envoy-own", "own", true),
    ("watch", "configmaps/pillion-envoy-own", "own", true),
    ("update", "configmaps/pillion-envoy-own", "own", false),
    ("patch", "configmaps/pillion-envoy-own", "own", false),
    ("create", "configmaps", "own", false),
    ("get", "configmaps/pillion-envoy", "own", false),
    ("list", "configmaps", "own", false),
    ("get", "configmaps/pillion-envoy-own", "istio-system", false),
];

/// Holds what the program of a release may do against the rows; release, revision and namespace are of one name.
fn hold_rights(name: &str, values: &str, rights: &[(&str, &str, &str, bool)]) {
    namespace(name, &[]);
    let chart = repository("charts/pillion");
    let values = format!("revision={name},{values}");
    release(&["install", name, chart.to_str().unwrap()], name, &["--set", &values]);
    for (verb, what, place, may) in rights {
        let mut command = kubectl(&["auth", "can-i", "--quiet", verb, what]);
        command.arg(format!("--as=system:serviceaccount:{name}:pillion-{name}"));
        match *place {
            "" => command.arg("--all-namespaces"),
            place => command.args(["--namespace", place]),
        };
        let answer = run(&mut command, "");
        assert_eq!(
            answer.status.success(),
            *may,
            "{values}: {verb} {what} in {place:?}: {}",
            String::from_utf8_lossy(&answer.stderr)
        );
    }
    release(&["uninstall", name], name, &[]);
    println!("{values}: {} rights are as they should be", rights.len());
}

#[test]
fn the_program_may_do_what_it_does_and_nothing_else() {
    hold_rights("rights", "revisionTags={prod},takeover={taken-over},workloadWarnings.enabled=true", RIGHTS);
    hold_rights("own", "mode=envoy", RIGHTS_IN_ENVOY_MODE);
}

/// Pods, and whether API servers ask about them when `skipInApiServer` is `all`.
const PODS: &[(&str, &str, bool)] = &[
    ("plain", "{}", true),
    ("annotated", r#"{"metadata": {"annotations": {"a": "b"}}}"#, true),
    ("labelled", r#"{"metadata": {"labels": {"a": "b"}}}"#, true),
    ("not on the host's network", r#"{"spec": {"hostNetwork": false}}"#, true),
    ("on the host's network", r#"{"spec": {"hostNetwork": true}}"#, false),
    ("label says no", r#"{"metadata": {"labels": {"sidecar.istio.io/inject": "false"}}}"#, false),
    ("annotation says no", r#"{"metadata": {"annotations": {"sidecar.istio.io/inject": "false"}}}"#, false),
    ("annotation says yes", r#"{"metadata": {"annotations": {"sidecar.istio.io/inject": "true"}}}"#, true),
    (
        "the label wins over the annotation",
        r#"{"metadata": {"labels": {"sidecar.istio.io/inject": "true"}, "annotations": {"sidecar.istio.io/inject": "false"}}}"#,
        true,
    ),
];

/// Whether the API server asks about a pod. Nobody answers, so that it refuses the pods that it asks about.
fn asked(namespace: &str, name: &str, more: &str) -> bool {
    let mut pod: Value = serde_json::from_str(more).unwrap();
    pod["apiVersion"] = json!("v1");
    pod["kind"] = json!("Pod");
    pod["metadata"]["name"] = json!("pod");
    pod["metadata"]["namespace"] = json!(namespace);
    pod["spec"]["containers"] = json!([{"name": "app", "image": "app"}]);
    let output = run(&mut kubectl(&["create", "--dry-run=server", "-f", "-"]), &pod.to_string());
    let said = String::from_utf8_lossy(&output.stderr);
    let asked = said.contains("failed calling webhook");
    assert!(asked || output.status.success(), "{name} in {namespace}: {said}");
    asked
}

#[test]
fn api_servers_leave_out_what_would_be_skipped_and_ask_about_the_rest() {
    namespace("asked", &["istio.io/rev=asked"]);
    namespace("local-path-storage", &["istio.io/rev=asked"]);
    let label = |how: &str| {
        succeed(&mut kubectl(&["label", "namespace", "kube-public", how]), "");
    };
    label("istio.io/rev=asked");
    succeed(&mut kubectl(&["create", "serviceaccount", "default", "-n", "kube-public"]), "");
    let values =
        "revision=asked,webhook.url=https://127.0.0.1:1,webhook.managed=false,webhook.timeoutSeconds=5";
    let render = |skip: &str| {
        let skip = format!("webhook.skipInApiServer={skip}");
        let only = ["--show-only", "templates/webhooks.yaml", "--kube-version", KUBERNETES];
        template("asked", &[&["--set", values, "--set", &skip][..], &only].concat()).unwrap()
    };
    for (skip, storage) in [("all", false), ("namespaces", false), ("none", true)] {
        succeed(&mut kubectl(&["apply", "-f", "-"]), &render(skip));
        wait_until_asked();
        for (name, pod, wanted) in PODS {
            // Whatever is set, the label is in the selectors already.
            let wanted = *wanted || skip != "all" && !name.starts_with("label says");
            assert_eq!(asked("asked", name, pod), wanted, "{skip}: {name}");
        }
        assert!(!asked("kube-public", "plain", "{}"), "{skip}: never, whatever the label");
        assert_eq!(asked("local-path-storage", "plain", "{}"), storage, "{skip}");
        succeed(&mut kubectl(&["delete", "-f", "-"]), &render(skip));
    }
    label("istio.io/rev-");
    println!("{} pods asked about, or not, as they should be", 3 * (PODS.len() + 2));
}

/// An API server learns of a configuration a moment after it took it.
fn wait_until_asked() {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !asked("asked", "plain", "{}") {
        assert!(std::time::Instant::now() < until, "the API server calls no webhook");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}
