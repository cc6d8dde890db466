//! `pillion tag` in a cluster: set, used by pods, shown, pointed elsewhere, refused where two webhooks would meet, and
//! removed. Never: how a tag is made (unit tests hold that).

use std::process::Output;

use serde_json::{Value, json};

use crate::harness::install::{Install, ROOT, installed, settle};
use crate::harness::pods::{create, is_injected, plain, revision};
use crate::harness::{apply, cluster, get, kubectl, kubectl_with, namespace, row, succeeded};
use crate::support::{pillion, run};

const CONFIGURATIONS: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
const REVISION: &str = Install::Untagged.rev();

fn tag(arguments: &[&str]) -> Output {
    let mut command = pillion();
    command.arg("tag").args(arguments).arg("--kubeconfig").arg(cluster().plane.kubeconfig());
    run(&mut command, "")
}

fn tag_ok(arguments: &[&str]) -> String {
    let printed = succeeded(&tag(arguments), &format!("pillion tag {}", arguments.join(" ")));
    settle();
    printed
}

/// What it says where it refuses.
fn refused(arguments: &[&str]) -> String {
    let output = tag(arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Whether a new pod is injected, by the revision.
fn injected(namespace: &str, pod: &str) -> bool {
    let pod = create(namespace, &plain(pod));
    let injected = is_injected(&pod);
    assert!(!injected || revision(&pod).as_deref() == Some(REVISION));
    injected
}

#[test]
fn tags_come_and_go() {
    let held = installed(Install::Untagged);
    held.run(|| {
        let (prod, enabled) =
            (namespace(&[("istio.io/rev", "prod")]), namespace(&[("istio-injection", "enabled")]));
        assert_eq!(tag_ok(&["list"]), "There are no tags.\n");
        assert!(!injected(&prod, "before") && !injected(&enabled, "before"));

        println!("{}", tag_ok(&["set", "prod", "--revision", REVISION]));
        assert!(injected(&prod, "set") && !injected(&enabled, "set"));
        let text = refused(&["set", "prod", "--revision", REVISION]);
        assert!(text.contains("--overwrite"), "{text}");
        tag_ok(&["set", "prod", "--revision", REVISION, "--overwrite", "-y"]);
        let text = refused(&["set", "canary", "--revision", "1-19-0"]);
        assert!(text.contains("\"1-19-0\"; there is 1-20-2"), "{text}");

        tag_ok(&["set", "default", "-r", REVISION, "--own-namespace", ROOT]);
        assert!(injected(&prod, "both") && injected(&enabled, "both"));
        println!("{}", tag_ok(&["list"]));
        shown_as_json(&prod, &enabled);
        generated_is_what_is_set();

        let text = refused(&["remove", "prod"]);
        assert!(text.contains(&prod) && text.contains("--skip-confirmation"), "{text}");
        assert!(injected(&prod, "kept"));
        println!("{}", tag_ok(&["remove", "prod", "-y"]));
        assert!(!injected(&prod, "removed") && injected(&enabled, "removed"));
        meets_istios_webhook();
        tag_ok(&["remove", "default", "-y"]);
        assert!(!injected(&enabled, "default-removed"));
        assert_eq!(tag_ok(&["list"]), "There are no tags.\n");
        let text = refused(&["remove", "default"]);
        assert!(text.contains("there is no tag"), "{text}");
    });
    row("pillion tag set, generate, list, remove");
}

fn shown_as_json(prod: &str, enabled: &str) {
    let rows: Value = serde_json::from_str(&tag_ok(&["list", "-o", "json"])).unwrap();
    let [first, second] = rows.as_array().unwrap().as_slice() else { panic!("{rows}") };
    assert_eq!((&first["tag"], &second["tag"]), (&json!("default"), &json!("prod")));
    assert_eq!((&second["revision"], &second["owner"]), (&json!(REVISION), &json!("pillion")));
    assert_eq!(second["namespaces"], json!([prod]));
    // Other tests may have such namespaces too.
    assert!(first["namespaces"].as_array().unwrap().contains(&json!(enabled)), "{rows}");
    assert_eq!((&first["overlaps"], &second["overlaps"]), (&json!([]), &json!([])));
}

fn generated_is_what_is_set() {
    let generated = tag_ok(&["generate", "default", "-r", REVISION]);
    let answered = kubectl_with(&["apply", "--dry-run=server", "-o", "json", "-f", "-"], &generated);
    let answered: Value = serde_json::from_str(&answered).unwrap();
    let set = get(&format!("{CONFIGURATIONS}/pillion-revision-tag-default")).unwrap();
    assert_eq!(answered["webhooks"], set["webhooks"]);
    assert_eq!(answered["metadata"]["labels"], set["metadata"]["labels"]);
}

/// Istio's own default webhook beside the tag `default`: shown, and no reason to set the tag again unless it is forced.
fn meets_istios_webhook() {
    let name = "istio-sidecar-injector";
    let object = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": name, "labels": {"app": "sidecar-injector", "istio.io/rev": "default"}},
        "webhooks": [{
            "name": "namespace.sidecar-injector.istio.io", "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            // Without rules nobody is called.
            "clientConfig": {"service": {"namespace": ROOT, "name": "istiod"}},
            "namespaceSelector": {"matchLabels": {"istio-injection": "enabled"}},
        }],
    });
    apply(&object.to_string());
    let output = tag(&["list"]);
    let warned = String::from_utf8_lossy(&output.stderr).into_owned();
    let (one, other) = ("namespace.sidecar-injector.istio.io", "namespace.sidecar-injector.pillion.dev");
    assert!(warned.contains(one) && warned.contains(other), "{warned}");
    assert!(warned.contains("in a namespace with istio-injection=enabled"), "{warned}");
    let text = refused(&["set", "default", "-r", REVISION, "--overwrite"]);
    assert!(text.contains(one) && text.contains("--force"), "{text}");
    tag_ok(&["set", "default", "-r", REVISION, "--overwrite", "--force"]);
    kubectl(&["delete", "mutatingwebhookconfiguration", name]);
}
