//! What users see while they apply: a broken configuration is refused, an unknown function is a warning, mistakes of
//! workloads are warnings, and with the program away nothing is kept from being applied. Never: which sentences there
//! are (unit tests hold that).

use std::process::Output;

use serde_json::{Value, json};

use crate::harness::install::{Install, ROOT, installed, serves, settle, upgrade};
use crate::harness::pods::workloads;
use crate::harness::{cluster, get, kubectl, list, namespace, row, soon, succeeded};
use crate::support::{pillion, run};

const INJECTOR: &str = "istio-sidecar-injector";
const VALIDATORS: &str =
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/pillion-validator";

/// `kubectl apply`: whether it went well, and what it told on standard error.
fn apply(object: &Value) -> (bool, String) {
    let arguments = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
    let output = run(cluster().plane.kubectl().args(arguments), &object.to_string());
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The ConfigMap as anybody may apply it again.
fn config_map() -> Value {
    let mut map: Value =
        serde_json::from_str(&kubectl(&["get", "configmap", INJECTOR, "-n", ROOT, "-o", "json"])).unwrap();
    let labels = json!({"istio.io/rev": "default"});
    map["metadata"] = json!({"name": INJECTOR, "namespace": ROOT, "labels": labels});
    map
}

/// The same with another `sidecar` template and nothing else in `config`.
fn with_template(map: &Value, template: &str) -> Value {
    let mut map = map.clone();
    map["data"]["config"] = json!(format!("policy: enabled\ntemplates:\n  sidecar: |\n    {template}\n"));
    map
}

/// Waits until what looks at applied objects is armed, and the API server knows it.
fn armed() {
    soon("the validating webhooks are armed", || {
        let entries = get(VALIDATORS).and_then(|it| it["webhooks"].as_array().cloned()).unwrap_or_default();
        let armed = |entry: &Value| {
            entry["rules"].as_array().is_some_and(|rules| !rules.is_empty())
                && entry["clientConfig"]["caBundle"].is_string()
        };
        entries.len() >= 5 && entries.iter().all(armed)
    });
    settle();
}

#[test]
fn users_are_told_while_they_apply() {
    let held = installed(Install::Default);
    held.run(|| {
        upgrade(
            Install::Default,
            &json!({"configValidation": {"enabled": true}, "workloadWarnings": {"enabled": true}}),
        );
        serves(Install::Default);
        armed();
        config_maps_are_looked_at();
        workloads_are_looked_at();
        commands_see_the_cluster();
        without_the_program_everything_is_applied();
        upgrade(Install::Default, &json!({}));
        serves(Install::Default);
        assert!(get(VALIDATORS).is_none());
    });
}

fn config_maps_are_looked_at() {
    let good = config_map();
    let (applied, told) = apply(&good);
    assert!(applied && !told.contains("Warning"), "{told}");
    row("applied: a good configuration is taken without a word");

    let (applied, told) = apply(&with_template(&good, "spec: {{ .Values."));
    println!("{told}");
    assert!(
        !applied && told.contains("admission webhook \"config.validation.pillion.dev\" denied"),
        "{told}"
    );
    assert!(told.contains("template \"sidecar\", line 1"), "{told}");
    let (applied, told) = apply(&with_template(&good, "spec: {{ fail \"never\" }}"));
    assert!(!applied && told.contains("would be refused") && told.contains("never"), "{told}");
    assert_eq!(config_map()["data"], good["data"]);
    row("applied: a broken default template is refused");

    let (applied, told) = apply(&with_template(&good, "spec: {{ newInIstio .Spec }}"));
    println!("{told}");
    assert!(applied && told.contains("Warning: ") && told.contains("newInIstio"), "{told}");
    assert!(apply(&good).0);
    row("applied: an unknown function is a warning");

    let mut newer = with_template(&good, "spec: {{ .MeshConfig.NewInIstio }}");
    newer["metadata"]["labels"]["app.kubernetes.io/version"] = json!("1.99.0");
    let (applied, told) = apply(&newer);
    assert!(applied && told.contains("Warning: Pillion cannot use this"), "{told}");
    assert!(apply(&good).0);
    row("applied: a newer Istio is never refused");

    let mut other = with_template(&good, "spec: {{ .Values.");
    other["metadata"]["name"] = json!("somebody-elses");
    let (applied, told) = apply(&other);
    assert!(applied && !told.contains("Warning"), "{told}");
    kubectl(&["delete", "configmap", "somebody-elses", "-n", ROOT]);
    row("applied: another ConfigMap is not looked at");
}

fn workloads_are_looked_at() {
    let enabled = namespace(&[("istio-injection", "enabled")]);
    let silent = namespace(&[]);
    for mut workload in workloads(&[]) {
        let kind = workload["kind"].as_str().unwrap().to_owned();
        workload["metadata"]["namespace"] = json!(enabled);
        let (applied, told) = apply(&workload);
        assert!(applied && !told.contains("Warning"), "{kind}: {told}");
        workload["metadata"]["labels"] = json!({"sidecar.istio.io/inject": "false"});
        let (applied, told) = apply(&workload);
        let line = format!("Warning: label sidecar.istio.io/inject of the {kind} has no effect");
        assert!(applied && told.contains(&line), "{kind}: {told}");
        println!("{told}");
        row(&format!("applied: a label on the {kind} in place of its template is a warning"));
    }
    let web = |namespace: &str, name: &str, template: &Value| {
        let mut web = workloads(&[]).remove(0);
        web["metadata"] = json!({"name": name, "namespace": namespace});
        merge(&mut web["spec"]["template"], template);
        let (applied, told) = apply(&web);
        assert!(applied, "{told}");
        println!("{told}");
        told
    };
    let auto = json!({"spec": {"containers": [{"name": "istio-proxy", "image": "auto"}]}});
    let told = web(&silent, "auto", &auto);
    assert!(told.contains("Warning: container istio-proxy has the image auto and is not injected"), "{told}");
    let both = json!({"metadata": {
        "labels": {"sidecar.istio.io/inject": "true"}, "annotations": {"sidecar.istio.io/inject": "false"},
    }});
    let told = web(&enabled, "both", &both);
    assert!(told.contains("Warning: label and annotation sidecar.istio.io/inject disagree"), "{told}");
    let bad = json!({"metadata": {"annotations": {"traffic.sidecar.istio.io/includeInboundPorts": "http"}}});
    let told = web(&enabled, "bad", &bad);
    assert!(
        told.contains("Warning: pods will be refused: ") && told.contains("includeInboundPorts"),
        "{told}"
    );
    row("applied: image auto, contradictions and annotations that will be refused are warnings");
}

fn merge(value: &mut Value, more: &Value) {
    match (value, more) {
        (Value::Object(value), Value::Object(more)) => {
            more.iter().for_each(|(key, more)| merge(value.entry(key.clone()).or_insert(Value::Null), more));
        }
        (value, more) => *value = more.clone(),
    }
}

fn config(arguments: &[&str]) -> Output {
    let mut command = pillion();
    command.arg("config").args(arguments).args(["-i", ROOT, "--kubeconfig"]);
    run(command.arg(cluster().plane.kubeconfig()), "")
}

/// `pillion config check --live` and `config diff --live`, over workloads of a namespace.
fn commands_see_the_cluster() {
    let ours = namespace(&[("istio-injection", "enabled")]);
    let others = namespace(&[("istio.io/rev", "somebody-elses")]);
    for place in [&ours, &others] {
        for mut workload in workloads(&[]) {
            workload["metadata"]["namespace"] = json!(place);
            assert!(apply(&workload).0);
        }
    }
    let output = config(&["check", "--live", "-n", &ours, "-o", "json"]);
    let told: Value = serde_json::from_str(&succeeded(&output, "config check")).unwrap();
    // The pods of these workloads are their controllers', and not told of twice.
    assert_eq!(told["pods"]["ofWorkloads"], 5, "{told}");
    assert_eq!(told["errors"], 0, "{told}");
    let output = config(&["check", "--live", "-n", &others, "-o", "json"]);
    let told: Value = serde_json::from_str(&succeeded(&output, "config check")).unwrap();
    assert_eq!(told["pods"]["ofWorkloads"], 0, "{told}");

    let new = tempfile::tempdir().unwrap();
    for (map, keys) in [(INJECTOR, &["config", "values"][..]), ("istio", &["mesh"])] {
        for key in keys {
            let text =
                kubectl(&["get", "configmap", map, "-n", ROOT, "-o", &format!("jsonpath={{.data.{key}}}")]);
            std::fs::write(new.path().join(key), text).unwrap();
        }
    }
    let directory = new.path().to_str().unwrap();
    let output = config(&["diff", "--live", directory, "-n", &ours, "--exit-code"]);
    let told = succeeded(&output, "config diff");
    assert_eq!(told, "0 of 5 workloads would change on restart.\n");
    let values = new.path().join("values");
    let mut changed: Value = serde_json::from_str(&std::fs::read_to_string(&values).unwrap()).unwrap();
    changed["global"]["tag"] = json!("another");
    std::fs::write(values, changed.to_string()).unwrap();
    let output = config(&["diff", "--live", directory, "-n", &ours, "--exit-code"]);
    let told = String::from_utf8_lossy(&output.stdout);
    println!("{told}");
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("5 of 5 workloads") && told.contains("[istio-proxy].image"), "{told}");
    row("pillion config check --live, pillion config diff --live");
}

fn without_the_program_everything_is_applied() {
    let good = config_map();
    kubectl(&["scale", "deployment", "pillion", "-n", ROOT, "--replicas=0"]);
    // One that is about to end still answers.
    let pods = format!("/api/v1/namespaces/{ROOT}/pods?labelSelector=app.kubernetes.io%2Fname%3Dpillion");
    soon("the replicas are gone", || list(&pods).is_empty());
    settle();
    let (applied, told) = apply(&with_template(&good, "spec: {{ .Values."));
    assert!(applied, "{told}");
    // Before the program comes back: it would wait for a good one.
    assert!(apply(&good).0);
    let silent = namespace(&[]);
    let mut web = workloads(&[]).remove(0);
    web["metadata"] = json!({"name": "web", "namespace": silent});
    assert!(apply(&web).0);
    kubectl(&["scale", "deployment", "pillion", "-n", ROOT, "--replicas=2"]);
    serves(Install::Default);
    row("applied: with the program away everything is taken");
}
