//! [`Case`]: one admission call, and what it is meant to cover. Knows nothing of answers.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One question that both injectors are asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Case {
    /// Names the case in reports and files.
    pub name: String,
    /// The URL path, with its parameters.
    pub path: String,
    /// The AdmissionReview.
    pub review: Value,
    /// What the coverage table counts for this case.
    #[serde(default)]
    pub covers: Vec<String>,
    /// The pod is one that Istio injected before.
    #[serde(default)]
    pub again: bool,
}

impl Case {
    /// The pod in the review; null where there is none.
    #[must_use]
    pub fn pod(&self) -> &Value {
        self.review.pointer("/request/object").unwrap_or(&Value::Null)
    }

    /// The same call about the pod that came out of it.
    #[must_use]
    pub fn again(&self, pod: Value) -> Self {
        let mut again = self.clone();
        again.name = format!("{}-again", self.name);
        again.covers = vec![];
        again.again = true;
        if let Some(object) = again.review.pointer_mut("/request/object") {
            *object = pod;
        }
        again
    }
}

/// The review that an API server sends for a pod to be created in `namespace`.
#[must_use]
pub fn review(version: &str, namespace: &str, uid: &str, pod: &Value) -> Value {
    let kind = json!({"group": "", "version": "v1", "kind": "Pod"});
    let resource = json!({"group": "", "version": "v1", "resource": "pods"});
    json!({
        "kind": "AdmissionReview",
        "apiVersion": version,
        "request": {
            "uid": uid,
            "kind": kind,
            "resource": resource,
            "requestKind": kind,
            "requestResource": resource,
            "namespace": namespace,
            "operation": "CREATE",
            "userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller"},
            "object": pod,
            "oldObject": null,
            "dryRun": false,
            "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        },
    })
}
