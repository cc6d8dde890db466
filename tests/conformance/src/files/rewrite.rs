//! Objects gone through and changed: the hands of the rows. Knows where kinds have their pods, and nothing of why.

use serde_json::{Map, Value, json};

/// Where a kind has its pod's metadata and spec, as `kube-inject` knows kinds; a pod has them itself.
#[must_use]
pub fn template(kind: &str) -> Option<&'static [&'static str]> {
    match kind {
        "Pod" => Some(&[]),
        "CronJob" => Some(&["spec", "jobTemplate", "spec", "template"]),
        "Deployment"
        | "StatefulSet"
        | "DaemonSet"
        | "ReplicaSet"
        | "ReplicationController"
        | "Job"
        | "DeploymentConfig"
        | "Rollout" => Some(&["spec", "template"]),
        _ => None,
    }
}

/// Whether the object's kind is Kubernetes' (or OpenShift's) own of that name.
#[must_use]
pub fn own_group(object: &Value) -> bool {
    let version = object["apiVersion"].as_str().unwrap_or_default();
    let group = version.split_once('/').map_or("", |(group, _)| group);
    match object["kind"].as_str().unwrap_or_default() {
        "Pod" | "ReplicationController" => version.is_empty() || group.is_empty(),
        "List" => version == "v1",
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" => matches!(group, "apps" | "extensions"),
        "Job" | "CronJob" => group == "batch",
        "DeploymentConfig" => matches!(group, "" | "apps.openshift.io"),
        "Rollout" => group == "argoproj.io",
        _ => false,
    }
}

fn is_list(object: &Value) -> bool {
    object["kind"] == "List" && own_group(object)
}

/// Calls `change` with every object of the documents, Lists gone through.
pub fn each(documents: &mut [Value], change: &mut dyn FnMut(&mut Value)) {
    for document in documents {
        if is_list(document)
            && let Some(items) = document.get_mut("items").and_then(Value::as_array_mut)
        {
            each(items, change);
        }
        change(document);
    }
}

/// Calls `change` with every object and the one that stands in the same place of `others`.
pub fn each_pair(documents: &mut [Value], others: &[Value], change: &mut dyn FnMut(&mut Value, &Value)) {
    for (document, other) in documents.iter_mut().zip(others) {
        if is_list(other)
            && let (Some(items), Some(others)) =
                (document.get_mut("items").and_then(Value::as_array_mut), other["items"].as_array())
        {
            each_pair(items, others, change);
        }
        change(document, other);
    }
}

/// What has the pod's metadata and spec in an object of a known kind.
#[must_use]
pub fn pod_of(object: &Value) -> Option<&Value> {
    let path = own_group(object).then(|| template(object["kind"].as_str()?)).flatten()?;
    path.iter().try_fold(object, |value, step| value.get(step)).filter(|pod| pod.is_object())
}

/// The same to be changed.
pub fn pod_of_mut(object: &mut Value) -> Option<&mut Value> {
    let path = own_group(object).then(|| template(object["kind"].as_str()?)).flatten()?;
    path.iter().try_fold(object, |value, step| value.get_mut(step)).filter(|pod| pod.is_object())
}

/// The pod's metadata, made where there is none; `None` where something else is in its place.
pub fn pod_metadata(object: &mut Value) -> Option<&mut Map<String, Value>> {
    let pod = pod_of_mut(object)?.as_object_mut()?;
    let metadata = pod.entry("metadata").or_insert(Value::Null);
    if metadata.is_null() {
        *metadata = json!({});
    }
    metadata.as_object_mut()
}

/// Documents as a stream that every reader cuts alike: one line of JSON each.
#[must_use]
pub fn stream(documents: &[Value]) -> String {
    documents.iter().map(|document| format!("---\n{document}\n")).collect()
}

/// Every string below `value` put through `change`.
pub fn strings(value: &mut Value, change: &dyn Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(items) => items.iter_mut().for_each(|item| strings(item, change)),
        Value::Object(members) => members.values_mut().for_each(|member| strings(member, change)),
        _ => {}
    }
}
