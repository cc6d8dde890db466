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

pub use stream::Stream;

use crate::harness::install::{ROOT, all_metrics, replicas};
use crate::harness::{kubectl, kubectl_with};

/// What a metric of a replica says; nothing while it does not answer.
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
