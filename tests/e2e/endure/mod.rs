//! What must not be noticed by whoever creates pods: certificates and configurations that change, replicas that go.
//!
//! | module | holds |
//! |---|---|
//! | `stream` | pods created one after the other all the while, and what became of them |
//! | `rotation` | certificates and ConfigMaps that change, half of them broken |
//! | `replicas` | replicas that are stopped, kindly and not |

mod replicas;
mod rotation;
mod stream;

use serde_json::{Value, json};

use crate::harness::install::ROOT;
use crate::harness::{kubectl, kubectl_with, list};

/// Names of the program's pods that run and are not about to end.
fn replicas() -> Vec<String> {
    let pods =
        list(&format!("/api/v1/namespaces/{ROOT}/pods?labelSelector=app.kubernetes.io%2Fname%3Dpillion"));
    let alive = pods.iter().filter(|pod| pod["metadata"]["deletionTimestamp"].is_null());
    alive.filter_map(|pod| pod["metadata"]["name"].as_str().map(str::to_owned)).collect()
}

/// A replica's metrics; nothing while it does not answer.
fn all_metrics(pod: &str) -> Option<String> {
    let path = format!("/api/v1/namespaces/{ROOT}/pods/{pod}:15014/proxy/metrics");
    let answer = crate::harness::cluster().plane.client().get(&path).ok()?;
    answer.body.as_str().map(str::to_owned)
}

/// What one of them says.
fn metric(pod: &str, name: &str) -> Option<f64> {
    all_metrics(pod)?.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

/// The same of all replicas.
fn metrics(name: &str) -> Vec<Option<f64>> {
    replicas().iter().map(|pod| metric(pod, name)).collect()
}

/// Writes an object over the one that is there.
fn replace(object: &Value) {
    kubectl_with(&["replace", "-f", "-"], &object.to_string());
}

/// A ConfigMap's data.
fn config_map(name: &str) -> Value {
    let text = kubectl(&["get", "configmap", name, "-n", ROOT, "-o", "json"]);
    serde_json::from_str::<Value>(&text).unwrap()["data"].clone()
}

/// Writes a ConfigMap's data.
fn write_config_map(name: &str, data: &Value) {
    replace(&json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": ROOT}, "data": data,
    }));
}
