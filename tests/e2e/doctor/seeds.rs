//! How things are broken, each with what puts it back. Putting back what was mended already changes nothing.
//! Never: what doctor says of it.

use serde_json::{Value, json};

use super::{CONFIGURATION, NAME};
use crate::harness::install::ROOT;
use crate::harness::{apply, get, kubectl, kubectl_with, run_kubectl, soon};

/// What puts it back.
pub(super) type Undo = Box<dyn FnOnce()>;

/// An object as it is.
fn object(kind: &str, name: &str) -> Value {
    serde_json::from_str(&kubectl(&["get", kind, name, "-n", ROOT, "-o", "json"])).unwrap()
}

/// An object without what only the API server writes.
fn as_made(mut object: Value) -> Value {
    for field in ["uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"] {
        object["metadata"].as_object_mut().unwrap().remove(field);
    }
    object.as_object_mut().unwrap().remove("status");
    object
}

/// Deletes an object of the installation.
pub(super) fn deleted(kind: &'static str, name: &'static str) -> Undo {
    let mut old = as_made(object(kind, name));
    for field in ["clusterIP", "clusterIPs"] {
        if let Some(spec) = old.get_mut("spec").and_then(Value::as_object_mut) {
            spec.remove(field);
        }
    }
    kubectl(&["delete", kind, name, "-n", ROOT]);
    Box::new(move || {
        if !run_kubectl(&["get", kind, name, "-n", ROOT], "") {
            kubectl_with(&["create", "-f", "-"], &old.to_string());
        }
    })
}

/// Changes an object of the installation by a patch.
pub(super) fn patched(kind: &'static str, name: &'static str, how: &str, patch: &Value) -> Undo {
    let old = as_made(object(kind, name));
    kubectl(&["patch", kind, name, "-n", ROOT, &format!("--type={how}"), "-p", &patch.to_string()]);
    Box::new(move || {
        kubectl_with(&["replace", "-f", "-"], &old.to_string());
    })
}

/// Sets a field of the first entry of our webhook configuration.
pub(super) fn entry(field: &str, value: &Value) -> Undo {
    let patch = json!([{"op": "add", "path": format!("/webhooks/0/{field}"), "value": value}]);
    patched("mutatingwebhookconfiguration", CONFIGURATION, "json", &patch)
}

/// Makes an object that was not there.
pub(super) fn made(object: &Value) -> Undo {
    apply(&object.to_string());
    let object = object.clone();
    Box::new(move || {
        kubectl_with(&["delete", "--ignore-not-found", "--wait=false", "-f", "-"], &object.to_string());
    })
}

/// A webhook configuration of somebody else's: whom it calls, its labels and annotations, and more of its entry.
pub(super) fn webhook(name: &str, entry: &str, calls: &Value, metadata: &Value, more: &Value) -> Undo {
    let mut object = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
        "metadata": metadata,
        "webhooks": [{
            "name": entry, "sideEffects": "None", "admissionReviewVersions": ["v1"], "clientConfig": calls,
            "timeoutSeconds": 1,
        }],
    });
    object["metadata"]["name"] = json!(name);
    for (key, value) in more.as_object().unwrap() {
        object["webhooks"][0][key] = value.clone();
    }
    made(&object)
}

/// A namespace that doctor looks at.
pub(super) fn namespace(name: &'static str, labels: &[(&str, &str)]) -> Undo {
    let mut all = json!({"doctor": "e2e"});
    for (key, value) in labels {
        all[*key] = json!(value);
    }
    let undo =
        made(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": all}}));
    soon("the service account of a namespace", || {
        get(&format!("/api/v1/namespaces/{name}/serviceaccounts/default")).is_some()
    });
    undo
}

/// A key of a ConfigMap of Istio's, changed or taken away.
pub(super) fn config_map(name: &'static str, key: &str, change: impl Fn(&str) -> Option<String>) -> Undo {
    let old = as_made(object("configmap", name));
    let mut new = old.clone();
    let changed = change(old["data"][key].as_str().unwrap());
    let data = new["data"].as_object_mut().unwrap();
    match changed {
        Some(text) => drop(data.insert(key.to_owned(), json!(text))),
        None => drop(data.remove(key)),
    }
    kubectl_with(&["replace", "-f", "-"], &new.to_string());
    Box::new(move || {
        kubectl_with(&["replace", "-f", "-"], &old.to_string());
    })
}

/// The Service without a selector, and nobody behind it.
pub(super) fn nobody_behind() -> Undo {
    let undo = patched("service", NAME, "json", &json!([{"op": "remove", "path": "/spec/selector"}]));
    // What controllers have made of the selector stays otherwise, and is copied into slices.
    kubectl(&["delete", "endpoints", NAME, "-n", ROOT, "--ignore-not-found"]);
    let slices = format!("kubernetes.io/service-name={NAME}");
    soon("the Service has no endpoints", || {
        kubectl(&["delete", "endpointslices", "-n", ROOT, "-l", &slices]);
        kubectl(&["get", "endpointslices", "-n", ROOT, "-l", &slices, "-o", "name"]).is_empty()
    });
    undo
}
