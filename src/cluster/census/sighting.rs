//! [`Sighting`]: what is read of a pod's metadata as it is seen: which pods it is like, who injected it, and the labels that
//! selectors ask for. Never: keeping the metadata; annotations that other programs write into each pod.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::quality::RandomState;
use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::core::PartialObjectMeta;
use pillion_core::explain::bears_on_injection;
use pillion_core::inject::STATUS;
use serde::Deserialize;

use crate::cluster::injectors::{requirements, standing};

/// Labels that tell the pods of one workload apart.
const OF_EACH_POD: [&str; 6] = [
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/job-completion-index",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "kubernetes.io/hostname",
];

/// Who injected a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Injected {
    /// Nobody.
    No,
    /// Our revision.
    Ours,
    /// Another one.
    Others,
}

/// A pod as it was seen.
#[derive(Clone, Debug)]
pub(super) struct Sighting {
    pub(super) namespace: Box<str>,
    pub(super) name: Box<str>,
    /// The same for pods that are alike.
    pub(super) print: u64,
    /// Of its labels those that selectors ask for.
    pub(super) labels: Box<[(Box<str>, Box<str>)]>,
    pub(super) injected: Injected,
}

/// How sightings are made.
#[derive(Debug)]
pub(super) struct Eye {
    hasher: RandomState,
    /// Labels that selectors ask for.
    keys: BTreeSet<String>,
    revision: String,
}

/// What the status annotation says.
#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    revision: Option<String>,
}

impl Eye {
    /// For pods that `revision` may have injected.
    pub(super) fn new(revision: &str) -> Self {
        let revision = known_as(Some(revision)).to_owned();
        Self { hasher: RandomState::default(), keys: BTreeSet::new(), revision }
    }

    /// Keeps the labels that these ask for from now on. Whether they are others than before.
    pub(super) fn look_for(&mut self, configurations: &[MutatingWebhookConfiguration]) -> bool {
        let injecting = configurations.iter().filter(|it| standing(it).is_some());
        let entries = injecting.flat_map(|it| it.webhooks.iter().flatten());
        let selectors = entries.filter_map(|entry| entry.object_selector.as_ref());
        let keys = selectors.flat_map(requirements).map(|requirement| requirement.key.to_owned());
        let keys: BTreeSet<String> = keys.collect();
        let others = keys != self.keys;
        self.keys = keys;
        others
    }

    /// Looks at a pod.
    pub(super) fn see(&self, pod: &PartialObjectMeta<Pod>) -> Sighting {
        let (namespace, name) = (pod.namespace().unwrap_or_default(), pod.name_any());
        let injected = self.injected(pod.annotations().get(STATUS).map(String::as_str));
        let of_ours = self.keys.iter().filter_map(|key| pod.labels().get_key_value(key));
        let labels = of_ours.map(|(key, value)| (key.as_str().into(), value.as_str().into())).collect();
        let print = self.print(pod, &namespace, &name);
        Sighting { namespace: namespace.into(), name: name.into(), print, labels, injected }
    }

    fn injected(&self, status: Option<&str>) -> Injected {
        match status.and_then(|text| serde_json::from_str::<Status>(text).ok()) {
            None => Injected::No,
            Some(status) if known_as(status.revision.as_deref()) == self.revision => Injected::Ours,
            Some(_) => Injected::Others,
        }
    }

    fn print(&self, pod: &PartialObjectMeta<Pod>, namespace: &str, name: &str) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        namespace.hash(&mut hasher);
        let maker = pod.owner_references().iter().find(|owner| owner.controller == Some(true));
        match maker {
            Some(maker) => (&maker.kind, &maker.uid).hash(&mut hasher),
            // Nobody made it: it is like no other.
            None => (name, pod.uid()).hash(&mut hasher),
        }
        let labels = pod.labels().iter().filter(|(key, _)| !OF_EACH_POD.contains(&key.as_str()));
        labels.for_each(|label| label.hash(&mut hasher));
        let annotations = pod.annotations().iter().filter(|(key, _)| bears_on_injection(key));
        annotations.for_each(|annotation| annotation.hash(&mut hasher));
        hasher.finish()
    }
}

/// What a revision without a name is called.
fn known_as(revision: Option<&str>) -> &str {
    revision.filter(|revision| !revision.is_empty()).unwrap_or("default")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn configuration(key: &str) -> MutatingWebhookConfiguration {
        serde_json::from_value(json!({
            "metadata": {"name": "c"},
            "webhooks": [{
                "name": "x.sidecar-injector.pillion.dev", "clientConfig": {}, "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
                "objectSelector": {"matchExpressions": [{"key": key, "operator": "Exists"}]},
            }],
        }))
        .unwrap()
    }

    fn pod(changes: &Value) -> PartialObjectMeta<Pod> {
        let mut metadata = json!({
            "name": "web-1-a", "namespace": "shop", "uid": "u", "labels": {"app": "web", "rev": "r"},
            "annotations": {"cni/address": "10.0.0.1"},
            "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1", "uid": "o", "controller": true}],
        });
        json_patch::merge(&mut metadata, changes);
        serde_json::from_value(json!({"metadata": metadata})).unwrap()
    }

    #[test]
    fn pods_of_one_maker_are_alike_unless_something_that_matters_differs() {
        let eye = Eye::new("");
        let like = |changes: Value| eye.see(&pod(&changes)).print == eye.see(&pod(&json!({}))).print;
        for (changes, alike) in [
            (json!({"name": "web-1-b", "uid": "v", "annotations": {"cni/address": "10.0.0.2"}}), true),
            (json!({"labels": {"apps.kubernetes.io/pod-index": "1"}}), true),
            (json!({"labels": {"sidecar.istio.io/inject": "false"}}), false),
            (json!({"annotations": {"sidecar.istio.io/proxyCPU": "1"}}), false),
            (json!({"annotations": {STATUS: "{}"}}), false),
            (json!({"namespace": "other"}), false),
            (json!({"ownerReferences": null}), false),
        ] {
            assert_eq!(like(changes.clone()), alike, "{changes}");
        }
        let alone = |name: &str| eye.see(&pod(&json!({"name": name, "ownerReferences": null}))).print;
        assert_ne!(alone("a"), alone("b"));
    }

    #[test]
    fn who_injected_it_and_what_selectors_ask_for_is_kept() {
        let mut eye = Eye::new("default");
        assert!(eye.look_for(&[configuration("rev")]) && !eye.look_for(&[configuration("rev")]));
        let seen = eye.see(&pod(&json!({})));
        assert_eq!(&*seen.labels, [("rev".into(), "r".into())]);
        for (status, injected) in [
            ("{}", Injected::Ours),
            (r#"{"revision":"default"}"#, Injected::Ours),
            (r#"{"revision":"1-20-2"}"#, Injected::Others),
            ("injected", Injected::No),
        ] {
            let pod = pod(&json!({"annotations": {STATUS: status}}));
            assert_eq!(eye.see(&pod).injected, injected, "{status}");
        }
        assert_eq!(seen.injected, Injected::No);
    }
}
