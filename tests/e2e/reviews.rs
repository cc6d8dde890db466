//! The reviews that a real API server sends for pods that controllers make, to the byte. `make bench` measures with the
//! ones in `tests/bench/reviews`; this test says when an API server would send something else, and writes them anew with
//! `UPDATE=1`. Never: Pillion.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{apply, namespace, row, run_kubectl, wait};
use crate::table::second::Second;

/// The kinds of workloads, as their files are called.
const KINDS: [&str; 4] = ["deployment", "statefulset", "daemonset", "job"];

#[test]
fn reviews_of_pods_that_controllers_make() {
    let target = namespace(&[]);
    let second = Second::start();
    let _registered = second.register("reviews", &target);
    for kind in KINDS {
        let mut workload = workload(kind);
        workload["metadata"]["namespace"] = json!(target);
        apply(&workload.to_string());
        // A registration takes a moment to reach the API server: pods are deleted until one has been seen.
        let review = wait(&format!("a review of a pod of the {kind}"), || {
            let found = second.reviews().into_iter().find(|review| is_of(review, kind));
            if found.is_none() {
                let selector = format!("app={}", called(kind));
                run_kubectl(&["delete", "pods", "-n", &target, "-l", &selector], "");
            }
            found
        });
        agree(kind, &review);
    }
    row("an API server sends what make bench sends");
}

/// What the workload of a kind is called: a word that stands nowhere else, so that `make bench` can put others there.
fn called(kind: &str) -> String {
    format!("shop-{kind}")
}

/// A workload of this kind whose pods are like those that people run.
fn workload(kind: &str) -> Value {
    let name = called(kind);
    let labels = json!({
        "app": name, "app.kubernetes.io/name": name, "app.kubernetes.io/instance": format!("{name}-production"),
        "app.kubernetes.io/version": "1.14.2", "app.kubernetes.io/managed-by": "Helm",
    });
    let resources = json!({
        "requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"cpu": "1", "memory": "512Mi"},
    });
    let probe = |path: &str| json!({"httpGet": {"path": path, "port": "http"}, "periodSeconds": 10});
    let mut container = json!({
        "name": "app", "image": "registry.example/team/app:1.14.2", "imagePullPolicy": "IfNotPresent",
        "args": ["serve", "--listen=:8080"],
        "ports": [{"name": "http", "containerPort": 8080}, {"name": "metrics", "containerPort": 9090}],
        "env": [
            {"name": "LOG_LEVEL", "value": "info"},
            {"name": "DATABASE_HOST", "value": "postgres.storage.svc.cluster.local"},
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "app", "key": "token", "optional": true}}},
        ],
        "resources": resources,
        "readinessProbe": probe("/ready"), "livenessProbe": probe("/live"),
        "securityContext": {"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/app"}],
    });
    if kind == "job" {
        for probe in ["readinessProbe", "livenessProbe"] {
            container.as_object_mut().unwrap().remove(probe);
        }
    }
    let mut pod = json!({
        "terminationGracePeriodSeconds": 0,
        "securityContext": {"runAsNonRoot": true, "runAsUser": 1000, "fsGroup": 1000},
        "containers": [container],
        "volumes": [{"name": "config", "configMap": {"name": "app", "optional": true}}],
    });
    if kind == "job" {
        pod["restartPolicy"] = json!("Never");
    }
    let annotations =
        json!({"checksum/config": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"});
    let mut spec =
        json!({"template": {"metadata": {"labels": labels, "annotations": annotations}, "spec": pod}});
    if kind != "job" {
        spec["selector"] = json!({"matchLabels": {"app": name}});
    }
    let (api, capital) = match kind {
        "deployment" => ("apps/v1", "Deployment"),
        "daemonset" => ("apps/v1", "DaemonSet"),
        "statefulset" => {
            spec["serviceName"] = json!(name);
            spec["template"]["spec"]["containers"][0]["volumeMounts"]
                .as_array_mut()
                .unwrap()
                .push(json!({"name": "data", "mountPath": "/var/lib/app"}));
            let claim =
                json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}});
            spec["volumeClaimTemplates"] = json!([{"metadata": {"name": "data"}, "spec": claim}]);
            ("apps/v1", "StatefulSet")
        }
        _ => {
            spec["completionMode"] = json!("Indexed");
            spec["completions"] = json!(3);
            spec["parallelism"] = json!(3);
            ("batch/v1", "Job")
        }
    };
    json!({"apiVersion": api, "kind": capital, "metadata": {"name": name}, "spec": spec})
}

/// Whether a review is of a pod of the workload of this kind.
fn is_of(review: &str, kind: &str) -> bool {
    let review: Value = serde_json::from_str(review).unwrap();
    review["request"]["object"]["metadata"]["labels"]["app"] == called(kind)
}

/// Holds a review to the one in the tree: the same fields, whatever their values.
fn agree(kind: &str, review: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/bench/reviews/{kind}.json"));
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, review).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let [sent, kept] = [review, &kept].map(|text| {
        let mut fields = BTreeSet::new();
        collect(&serde_json::from_str(text).unwrap(), String::new(), &mut fields);
        fields
    });
    let differing: Vec<_> = sent.symmetric_difference(&kept).collect();
    assert!(differing.is_empty(), "{kind}: other fields than in {}: {differing:#?}", path.display());
}

/// The paths of all fields of a value.
fn collect(value: &Value, path: String, fields: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| collect(value, format!("{path}/{key}"), fields));
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(at, value)| collect(value, format!("{path}/{at}"), fields));
        }
        _ => drop(fields.insert(path)),
    }
}
