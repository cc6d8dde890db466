//! The workloads of a cluster, each once: what users made, not what controllers made of it. Never: keeping more of an
//! object than what its pods are made of, and judging it.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{ApiResource, DynamicObject, ListParams, TypeMeta};
use kube::core::GroupVersionKind;
use kube::{Api, Client, ResourceExt};
use pillion_govalue::Value;

use super::client::{CallError, answered};
use super::injectors;

/// Objects in one answer of the API server.
const PAGE: u32 = 500;

/// The kinds: group, kind, and the name in URLs.
const KINDS: [(&str, &str, &str); 7] = [
    ("apps", "Deployment", "deployments"),
    ("apps", "StatefulSet", "statefulsets"),
    ("apps", "DaemonSet", "daemonsets"),
    ("apps", "ReplicaSet", "replicasets"),
    ("batch", "Job", "jobs"),
    ("batch", "CronJob", "cronjobs"),
    ("", "Pod", "pods"),
];

/// What was found.
#[derive(Debug, Default)]
pub struct Workloads {
    /// The objects.
    pub objects: Vec<Value<'static>>,
    /// The labels of all namespaces.
    pub namespaces: BTreeMap<String, BTreeMap<String, String>>,
    /// The names by which namespaces and pods mean the revision: itself and its tags.
    pub names: Vec<String>,
}

/// Lists the workloads of a namespace, or of all, and what is needed to tell which of them a revision injects.
///
/// # Errors
/// The API server refuses, or does not answer.
pub async fn list(client: &Client, namespace: Option<&str>, revision: &str) -> Result<Workloads, CallError> {
    let mut found = Workloads { names: names(client, revision).await, ..Workloads::default() };
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let mut page = ListParams::default().limit(PAGE);
    loop {
        let listed =
            answered(namespaces.list_metadata(&page)).await.map_err(|error| named("namespaces", &error))?;
        let labels = listed.items.iter().map(|it| (it.name_any(), it.labels().clone()));
        found.namespaces.extend(labels);
        match listed.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page = page.continue_token(&token),
            None => break,
        }
    }
    for (group, kind, plural) in KINDS {
        let gvk = GroupVersionKind::gvk(group, "v1", kind);
        let resource = ApiResource::from_gvk_with_plural(&gvk, plural);
        let api: Api<DynamicObject> = match namespace {
            Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
            None => Api::all_with(client.clone(), &resource),
        };
        of_kind(&api, &resource, &mut found.objects).await.map_err(|error| named(plural, &error))?;
    }
    Ok(found)
}

fn named(what: &str, error: &CallError) -> CallError {
    CallError { reason: format!("cannot list {what}: {}", error.reason), code: error.code }
}

/// Without the right to see webhook configurations there is the revision's own name.
async fn names(client: &Client, revision: &str) -> Vec<String> {
    let own = if revision.is_empty() { "default" } else { revision };
    let mut names = vec![own.to_owned()];
    let configurations = answered(injectors::all(client)).await.unwrap_or_default();
    let standing = configurations.iter().filter_map(injectors::standing);
    names.extend(standing.filter(|it| it.revision == own).filter_map(|it| it.tag.map(str::to_owned)));
    names.sort();
    names.dedup();
    names
}

async fn of_kind(
    api: &Api<DynamicObject>,
    resource: &ApiResource,
    objects: &mut Vec<Value<'static>>,
) -> Result<(), CallError> {
    let mut page = ListParams::default().limit(PAGE);
    loop {
        let listed = answered(api.list(&page)).await?;
        objects.extend(listed.items.into_iter().filter_map(|object| workload(object, resource)));
        match listed.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page = page.continue_token(&token),
            None => return Ok(()),
        }
    }
}

/// The object, unless a controller made it or it has ended.
fn workload(mut object: DynamicObject, resource: &ApiResource) -> Option<Value<'static>> {
    let owned = object.owner_references().iter().any(|owner| owner.controller == Some(true));
    let phase = object.data.pointer("/status/phase").and_then(serde_json::Value::as_str);
    if owned || matches!(phase, Some("Succeeded" | "Failed")) {
        return None;
    }
    // A list leaves out the kind of its items.
    object.types = Some(TypeMeta { api_version: resource.api_version.clone(), kind: resource.kind.clone() });
    object.metadata.managed_fields = None;
    if let Some(members) = object.data.as_object_mut() {
        members.remove("status");
    }
    let text = serde_json::to_vec(&object).ok()?;
    Some(pillion_govalue::parse(&text).ok()?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_controller_made_or_has_ended_is_left_out() {
        let resource = ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk("", "v1", "Pod"), "pods");
        let of = |owners: serde_json::Value, phase: &str| {
            let object = json!({
                "metadata": {"name": "web", "ownerReferences": owners, "managedFields": [{}]},
                "spec": {}, "status": {"phase": phase},
            });
            workload(serde_json::from_value(object).unwrap(), &resource)
        };
        let owner = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "uid": "u", "controller": true}]);
        assert!(of(owner, "Running").is_none());
        assert!(of(json!([]), "Succeeded").is_none());
        let bare = of(json!([]), "Running").unwrap();
        assert_eq!(bare.get("kind").and_then(Value::as_str), Some("Pod"));
        assert!(bare.get("status").is_none() && bare.at(&["metadata", "managedFields"]).is_none());
    }
}
