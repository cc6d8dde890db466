//! Pod Security: a namespace that enforces the level `restricted` takes the pods of every value set that may run there, by
//! the API server's own check. Deployments and Jobs are only warned of; it is their pods that would be refused.

use serde_json::{Value, json};

use crate::support::{of_kind, plane, render_in, run, succeed, text};

const NAMESPACE: &str = "restricted";

/// Value sets whose pods differ in what the level looks at.
const SETS: &[&[&str]] = &[
    &[],
    &["--set", "mode=envoy"],
    &["--set", "certificates.source=istio"],
    &["--set", "certificates.source=secret"],
    &["--set", "shadow.upstream=https://istiod.istio-system.svc:443"],
    &["--set", "webhook.clientCA.configMap=clients"],
    &["--set", "platform=openshift"],
    &["-f", "tests/charts/everything.yaml"],
];

/// The pods that the objects would make.
fn pods(objects: &[Value]) -> Vec<Value> {
    ["Deployment", "Job"]
        .iter()
        .flat_map(|kind| of_kind(objects, kind))
        .map(|owner| {
            let mut spec = owner["spec"]["template"]["spec"].clone();
            // The account is not there, and no controller makes it.
            spec["serviceAccountName"] = json!("default");
            spec.as_object_mut().unwrap().remove("priorityClassName");
            let name = format!("{}-{}", text(&owner["kind"]).to_lowercase(), text(&owner["metadata"]["name"]));
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec})
        })
        .collect()
}

fn taken(pod: &Value) -> (bool, String) {
    let mut command = plane().kubectl();
    command.args(["create", "--dry-run=server", "-f", "-"]);
    let output = run(&mut command, &pod.to_string());
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_namespace_that_enforces_restricted_takes_our_pods() {
    let level = json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": NAMESPACE, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
    });
    succeed(plane().kubectl().args(["apply", "-f", "-"]), &level.to_string());
    succeed(plane().kubectl().args(["create", "serviceaccount", "default", "-n", NAMESPACE]), "");
    let mut count = 0;
    for set in SETS {
        let found = pods(&render_in(NAMESPACE, set));
        assert_eq!(found.len(), 2, "{set:?}: the Deployment's and that of the Job of helm uninstall");
        for pod in &found {
            let (success, said) = taken(pod);
            assert!(success && !said.contains("PodSecurity"), "{set:?}: {said}");
            count += 1;
        }
    }
    // So that the test can fail: what asks for the host's network is refused, and so is what runs as root.
    let hosts = &pods(&render_in(NAMESPACE, &["--set", "hostNetwork=true,replicaCount=1"]))[0];
    let (success, said) = taken(hosts);
    assert!(!success && said.contains("violates PodSecurity \"restricted"), "{said}");
    let mut root = pods(&render_in(NAMESPACE, &[]))[0].clone();
    root["spec"]["securityContext"]["runAsNonRoot"] = json!(false);
    for container in root["spec"]["containers"].as_array_mut().unwrap() {
        container["securityContext"]["runAsNonRoot"] = json!(false);
    }
    assert!(!taken(&root).0);
    println!("{count} pods of {} value sets taken by a namespace that enforces restricted", SETS.len());
}
