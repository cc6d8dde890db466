//! Pods that are tried, each created with dry run so that nothing is stored, and pods of users that wait for an image.
//! Never: a namespace of our own.

use futures::stream::{self, StreamExt};
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::{ListParams, PostParams};
use kube::{Api, Client, ResourceExt};
use pillion_core::inject::STATUS;
use serde_json::json;

use super::{Around, pages};
use crate::cluster::client::answered;
use crate::cluster::doctor::facts::{Known, Outcome, Probe, Waiting, takes};
use crate::cluster::doctor::{ENFORCE, LEVELS};
use crate::cluster::injectors::{Labels, example, standing};

/// Namespaces with a Pod Security level that are tried at most.
const TRIED: usize = 10;
/// Pods that wait for an image and are kept at most.
const KEPT: usize = 200;
/// The image that an injector replaces.
const AUTO: &str = "auto";

/// Tries a pod where it must be injected.
pub(super) async fn probe(client: &Client, around: &Around<'_>) -> Known<Probe> {
    let Some((namespace, labels)) = candidate(around) else {
        return Err(
            "no namespace that is looked at has labels by which a webhook of this installation takes pods"
                .to_owned(),
        );
    };
    Ok(tried(client, namespace, labels).await)
}

/// Tries a pod in every namespace that a webhook of ours takes and that has a Pod Security level.
pub(super) async fn enforced(client: &Client, around: &Around<'_>) -> Vec<Probe> {
    let of_level = around.namespaces.iter().filter(|it| level(it).is_some() && is_open(it));
    let taken =
        of_level.filter(|namespace| entries(around).any(|entry| takes(entry, namespace, &Labels::new())));
    let tried = taken.take(TRIED).map(|namespace| tried(client, namespace.name_any(), Labels::new()));
    stream::iter(tried).buffered(2).collect().await
}

/// The Pod Security level that refuses something.
pub(super) fn level(namespace: &Namespace) -> Option<&str> {
    namespace.labels().get(ENFORCE).map(String::as_str).filter(|level| LEVELS.contains(level))
}

/// Whether pods can be created there at all.
fn is_open(namespace: &Namespace) -> bool {
    let name = namespace.name_any();
    namespace.metadata.deletion_timestamp.is_none() && !name.starts_with("kube-")
}

/// Entries of ours that inject.
fn entries<'a>(
    around: &'a Around<'_>,
) -> impl Iterator<Item = &'a k8s_openapi::api::admissionregistration::v1::MutatingWebhook> {
    let injecting = around.configurations.iter().filter(|config| standing(config).is_some());
    let entries = injecting.flat_map(|config| config.webhooks.iter().flatten());
    entries.filter(|entry| around.target.is_called_by(&entry.client_config))
}

/// A namespace, and labels of a pod that a webhook of ours takes there: a pod without labels if there is a namespace
/// for it, one where nothing else refuses pods first.
fn candidate(around: &Around<'_>) -> Option<(String, Labels)> {
    let mut namespaces: Vec<&Namespace> = around.namespaces.iter().filter(|it| is_open(it)).collect();
    namespaces.sort_by_key(|namespace| level(namespace).is_some());
    let plain = namespaces
        .iter()
        .find(|namespace| entries(around).any(|entry| takes(entry, namespace, &Labels::new())));
    if let Some(namespace) = plain {
        return Some((namespace.name_any(), Labels::new()));
    }
    entries(around).find_map(|entry| {
        let labels = example(&[entry])?.pod;
        let namespace = namespaces.iter().find(|namespace| takes(entry, namespace, &labels))?;
        Some((namespace.name_any(), labels))
    })
}

/// A small pod that every Pod Security level admits, and most quotas.
fn sample(labels: &Labels) -> Result<Pod, serde_json::Error> {
    serde_json::from_value(json!({
        "metadata": {"generateName": "pillion-doctor-", "labels": labels},
        "spec": {
            "securityContext": {
                "runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [{
                "name": "app",
                "image": "app:1",
                "ports": [{"containerPort": 80}],
                "resources": {
                    "requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"cpu": "10m", "memory": "16Mi"},
                },
                "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
            }],
        },
    }))
}

async fn tried(client: &Client, namespace: String, labels: Labels) -> Probe {
    let api: Api<Pod> = Api::namespaced(client.clone(), &namespace);
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    let outcome = match sample(&labels) {
        Ok(pod) => match answered(api.create(&dry, &pod)).await {
            Ok(pod) => outcome(&pod),
            Err(error) => Outcome::Refused(error.reason),
        },
        Err(error) => Outcome::Refused(error.to_string()),
    };
    Probe { namespace, labels, outcome }
}

fn outcome(pod: &Pod) -> Outcome {
    let Some(status) = pod.annotations().get(STATUS) else { return Outcome::Plain };
    let status: Option<serde_json::Value> = serde_json::from_str(status).ok();
    Outcome::Injected(status.and_then(|status| Some(status.get("revision")?.as_str()?.to_owned())))
}

/// Pods with `image: auto` that were not injected; with `namespaces`, only those in them.
pub(super) async fn waiting(client: &Client, namespaces: Option<&[Namespace]>) -> Known<Vec<Waiting>> {
    let mut found = Vec::new();
    let mut look = |pod: Pod| {
        if found.len() < KEPT
            && let Some(waiting) = is_waiting(&pod)
        {
            found.push(waiting);
        }
    };
    match namespaces {
        None => pages(Api::<Pod>::all(client.clone()), ListParams::default(), look).await?,
        Some(namespaces) => {
            for namespace in namespaces {
                let api: Api<Pod> = Api::namespaced(client.clone(), &namespace.name_any());
                pages(api, ListParams::default(), &mut look).await?;
            }
        }
    }
    Ok(found)
}

fn is_waiting(pod: &Pod) -> Option<Waiting> {
    let spec = pod.spec.as_ref()?;
    let containers = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    let auto = containers.into_iter().any(|container| container.image.as_deref() == Some(AUTO));
    if !auto || pod.annotations().contains_key(STATUS) {
        return None;
    }
    let owner = pod.owner_references().iter().find(|owner| owner.controller == Some(true));
    Some(Waiting {
        namespace: pod.namespace().unwrap_or_default(),
        name: pod.name_any(),
        labels: pod.labels().clone(),
        owner: owner.map(|owner| workload(&owner.kind, &owner.name, pod.labels())),
    })
}

/// The workload that people know: a Deployment's ReplicaSet has its name with the template's hash behind it.
fn workload(kind: &str, name: &str, labels: &Labels) -> String {
    let hash = labels.get("pod-template-hash").map(|hash| format!("-{hash}"));
    match hash.and_then(|hash| name.strip_suffix(&hash)) {
        Some(deployment) if kind == "ReplicaSet" => format!("deployment/{deployment}"),
        _ => format!("{}/{name}", kind.to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_that_wait_for_an_image_are_told_by_their_workload() {
        let pod = |annotations: serde_json::Value, image: &str| -> Pod {
            serde_json::from_value(json!({
                "metadata": {
                    "name": "gw-6f-x", "namespace": "edge", "annotations": annotations,
                    "labels": {"pod-template-hash": "6f"},
                    "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "gw-6f", "uid": "u",
                        "controller": true}],
                },
                "spec": {"containers": [{"name": "istio-proxy", "image": image}]},
            }))
            .unwrap()
        };
        let found = is_waiting(&pod(json!({}), "auto")).unwrap();
        assert_eq!(found.owner.as_deref(), Some("deployment/gw"));
        assert_eq!(is_waiting(&pod(json!({}), "app:1")), None);
        assert_eq!(is_waiting(&pod(json!({STATUS: "{}"}), "auto")), None);
    }

    #[test]
    fn what_came_of_a_pod_is_told_by_its_status() {
        let pod = |annotations: serde_json::Value| -> Pod {
            serde_json::from_value(json!({"metadata": {"annotations": annotations}})).unwrap()
        };
        assert_eq!(outcome(&pod(json!({}))), Outcome::Plain);
        let injected = outcome(&pod(json!({STATUS: "{\"revision\":\"r\"}"})));
        assert_eq!(injected, Outcome::Injected(Some("r".into())));
    }
}
