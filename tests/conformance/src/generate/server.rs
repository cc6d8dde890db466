//! A pod as an API server hands it to a webhook: defaulted, with its token volume and its managed fields.

use serde_json::{Value, json};

use super::Draw;

/// Fills in what admission and defaulting put there before a mutating webhook is called.
pub(super) fn complete(pod: &mut Value, draw: &mut Draw) {
    metadata(&mut pod["metadata"], draw);
    let token = format!("kube-api-access-{}", draw.pick(&["x7k2p", "9zq4m", "bb5cd"]));
    let spec = &mut pod["spec"];
    for list in ["containers", "initContainers"] {
        for container in spec[list].as_array_mut().into_iter().flatten() {
            complete_container(container, &token);
        }
    }
    let account = spec["serviceAccountName"].as_str().unwrap_or("default").to_owned();
    spec["serviceAccount"] = json!(account);
    spec["serviceAccountName"] = json!(account);
    for (field, value) in [
        ("restartPolicy", json!("Always")),
        ("terminationGracePeriodSeconds", json!(30)),
        ("dnsPolicy", json!("ClusterFirst")),
        ("securityContext", json!({})),
        ("schedulerName", json!("default-scheduler")),
        ("priority", json!(0)),
        ("enableServiceLinks", json!(true)),
        ("preemptionPolicy", json!("PreemptLowerPriority")),
    ] {
        missing(spec, field, value);
    }
    extend(
        spec,
        "tolerations",
        &[
            json!({"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}),
            json!({"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}),
        ],
    );
    extend(
        spec,
        "volumes",
        &[json!({"name": token, "projected": {"defaultMode": 420, "sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
        ]}})],
    );
    pod["status"] = json!({});
}

fn metadata(meta: &mut Value, draw: &mut Draw) {
    meta["creationTimestamp"] = Value::Null;
    if draw.chance(60) {
        meta["managedFields"] = json!([{
            "manager": "kube-controller-manager", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1",
            "time": "2026-05-01T10:00:00Z",
            "fieldsV1": {"f:metadata": {"f:generateName": {}}, "f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {".": {}, "f:image": {}}}}},
        }]);
    }
}

fn complete_container(container: &mut Value, token: &str) {
    for (field, value) in [
        ("resources", json!({})),
        ("terminationMessagePath", json!("/dev/termination-log")),
        ("terminationMessagePolicy", json!("File")),
        ("imagePullPolicy", json!("IfNotPresent")),
    ] {
        missing(container, field, value);
    }
    for port in container["ports"].as_array_mut().into_iter().flatten() {
        missing(port, "protocol", json!("TCP"));
    }
    for probe in ["readinessProbe", "livenessProbe", "startupProbe"] {
        let probe = &mut container[probe];
        if probe.is_null() {
            continue;
        }
        for (field, value) in
            [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)]
        {
            missing(probe, field, json!(value));
        }
        if probe["httpGet"].is_object() {
            missing(&mut probe["httpGet"], "scheme", json!("HTTP"));
        }
        if probe["grpc"].is_object() {
            missing(&mut probe["grpc"], "service", json!(""));
        }
    }
    // Indexing leaves a null where there was nothing.
    if let Some(fields) = container.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    extend(
        container,
        "volumeMounts",
        &[json!({
            "name": token, "readOnly": true, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
        })],
    );
}

fn missing(object: &mut Value, field: &str, value: Value) {
    if object[field].is_null() {
        object[field] = value;
    }
}

fn extend(object: &mut Value, list: &str, more: &[Value]) {
    missing(object, list, json!([]));
    if let Some(items) = object[list].as_array_mut() {
        items.extend(more.iter().cloned());
    }
}
