//! The pods of objects as their controllers would make them: with the names, labels, owners and volumes that a webhook
//! sees on them. Never: more than one pod of an object, or what an API server adds afterwards.

use std::convert::Infallible;

use pillion_govalue::{Map, Value};

use super::error::Fault;
use super::{ManifestError, PodDoc, kinds, object};

/// What stands for the hash of a template: any that a controller could have made.
const HASH: &str = "6b7f8d9c4f";

/// How the controllers of one kind make a pod.
struct Maker {
    kind: &'static str,
    /// The kind and version of what owns the pod.
    owner: (&'static str, &'static str),
    /// What is added to the object's name for the owner's: a hash, or the minute at which a CronJob starts a Job.
    suffix: &'static str,
    /// Whether the pod's name is the owner's with a number; otherwise it is generated.
    numbered: bool,
    /// Labels that the pod gets: `{}` stands for the owner's name.
    labels: &'static [(&'static str, &'static str)],
}

const JOBS: &[(&str, &str)] = &[
    ("batch.kubernetes.io/controller-uid", "00000000-0000-0000-0000-000000000000"),
    ("batch.kubernetes.io/job-name", "{}"),
    ("controller-uid", "00000000-0000-0000-0000-000000000000"),
    ("job-name", "{}"),
];

#[rustfmt::skip]
const MAKERS: [Maker; 9] = [
    Maker { kind: "Deployment", owner: ("ReplicaSet", "apps/v1"), suffix: "-6b7f8d9c4f", numbered: false, labels: &[("pod-template-hash", HASH)] },
    Maker { kind: "ReplicaSet", owner: ("ReplicaSet", "apps/v1"), suffix: "", numbered: false, labels: &[] },
    Maker { kind: "ReplicationController", owner: ("ReplicationController", "v1"), suffix: "", numbered: false, labels: &[] },
    Maker { kind: "StatefulSet", owner: ("StatefulSet", "apps/v1"), suffix: "", numbered: true, labels: &[("apps.kubernetes.io/pod-index", "0"), ("controller-revision-hash", "{}-6b7f8d9c4f"), ("statefulset.kubernetes.io/pod-name", "{}-0")] },
    Maker { kind: "DaemonSet", owner: ("DaemonSet", "apps/v1"), suffix: "", numbered: false, labels: &[("controller-revision-hash", HASH), ("pod-template-generation", "1")] },
    Maker { kind: "Job", owner: ("Job", "batch/v1"), suffix: "", numbered: false, labels: JOBS },
    Maker { kind: "CronJob", owner: ("Job", "batch/v1"), suffix: "-28391040", numbered: false, labels: JOBS },
    Maker { kind: "DeploymentConfig", owner: ("ReplicationController", "v1"), suffix: "-1", numbered: false, labels: &[("deployment", "{}")] },
    Maker { kind: "Rollout", owner: ("ReplicaSet", "apps/v1"), suffix: "-6b7f8d9c4f", numbered: false, labels: &[("rollouts-pod-template-hash", HASH)] },
];

/// The pods that `object` stands for, each as its controller would make it: one for an object that holds a pod, those
/// of its items for a List, none for anything else.
///
/// # Errors
/// An object of a kind that holds a pod, without one.
pub fn pods<'t>(object: &Value<'t>) -> Result<Vec<PodDoc<'t>>, Fault<Infallible>> {
    let mut all = Vec::new();
    object::each(object, &mut |object, doc| all.push(made(object, doc))).map_err(|(_, fault)| fault)?;
    Ok(all)
}

/// The pods of the manifest `text`, which errors call `file`, as [`pods`] has them.
///
/// # Errors
/// The first document that is no YAML, or of a known kind without a pod template.
pub fn read<'t>(file: &str, text: &'t str) -> Result<Vec<PodDoc<'t>>, ManifestError<Infallible>> {
    let mut all = Vec::new();
    super::documents_of(file, text, |object| {
        object::each(object, &mut |object, doc| all.push(made(object, doc)))
    })?;
    Ok(all)
}

/// A pod's template as the pod that a controller makes of it.
fn made<'t>(object: &Value<'t>, mut doc: PodDoc<'t>) -> PodDoc<'t> {
    let Some(of) = doc.owner.take() else { return doc };
    let Some(maker) = MAKERS.iter().find(|maker| maker.kind == of.kind) else { return doc };
    let owner = format!("{}{}", of.name, maker.suffix);
    let Some(metadata) = doc.pod.child_map("metadata") else { return doc };
    if maker.numbered {
        metadata.insert("name", format!("{owner}-0"));
    } else {
        metadata.insert("generateName", format!("{owner}-"));
    }
    let mut reference = Map::new();
    reference.insert("apiVersion", maker.owner.1);
    reference.insert("kind", maker.owner.0);
    reference.insert("name", owner.clone());
    reference.insert("uid", "00000000-0000-0000-0000-000000000000");
    reference.insert("controller", Value::Bool(true));
    reference.insert("blockOwnerDeletion", Value::Bool(true));
    metadata.insert("ownerReferences", Value::list(vec![Value::map(reference)]));
    if let Some(labels) = labels(metadata) {
        for (key, value) in maker.labels {
            labels.insert(*key, value.replace("{}", &owner));
        }
        if of.kind == "DeploymentConfig" {
            labels.insert("deploymentconfig", of.name.clone());
        }
    }
    claims(object, &mut doc.pod, &owner);
    doc
}

fn labels<'m, 't>(metadata: &'m mut Map<'t>) -> Option<&'m mut Map<'t>> {
    let labels = metadata.entry_or_insert("labels", Value::empty_map());
    if labels.is_null() {
        *labels = Value::empty_map();
    }
    labels.as_map_mut()
}

/// A StatefulSet's claims are volumes of its pods, in place of those with their names.
fn claims<'t>(object: &Value<'t>, pod: &mut Value<'t>, owner: &str) {
    let templates = object.at(&["spec", "volumeClaimTemplates"]).and_then(Value::as_list).unwrap_or_default();
    let names: Vec<&str> =
        templates.iter().filter_map(|t| t.at(&["metadata", "name"]).and_then(Value::as_str)).collect();
    if names.is_empty() {
        return;
    }
    let Some(volumes) = pod.get_mut("spec").and_then(|spec| spec.child_list("volumes")) else { return };
    volumes.retain(|volume| !volume.get("name").and_then(Value::as_str).is_some_and(|n| names.contains(&n)));
    for name in names {
        let mut claim = Map::new();
        claim.insert("claimName", format!("{name}-{owner}-0"));
        let mut volume = Map::new();
        volume.insert("name", name.to_owned());
        volume.insert("persistentVolumeClaim", Value::map(claim));
        volumes.push(Value::map(volume));
    }
}

/// Whether objects of this kind hold a pod.
#[must_use]
pub fn holds_a_pod(kind: &str, api_version: &str) -> bool {
    kinds::find(kind, api_version).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Gates;
    use crate::inject::owner_of;

    #[test]
    fn a_manifest_that_is_no_yaml_is_refused_by_document_and_line() {
        let refused = read("f.yaml", "# c\na: 1\n---\n# c\na: b: c\n").unwrap_err();
        let want = "f.yaml: document 2, line 5: mapping values are not allowed in this context";
        assert_eq!(refused.to_string(), want);
    }

    fn only(text: &str) -> PodDoc<'_> {
        let mut all = read("m.yaml", text).unwrap();
        assert_eq!(all.len(), 1, "{text}");
        all.remove(0)
    }

    #[test]
    fn a_webhook_finds_the_workload_of_a_made_pod() {
        for (kind, api, spec, owner) in [
            ("Deployment", "apps/v1", "template: {spec: {}}", "Deployment"),
            ("StatefulSet", "apps/v1", "template: {spec: {}}", "Pod"),
            ("DaemonSet", "apps/v1", "template: {metadata: {labels: null}}", "DaemonSet"),
            ("ReplicaSet", "apps/v1", "template: {spec: {}}", "ReplicaSet"),
            ("Job", "batch/v1", "template: {spec: {}}", "Job"),
            ("CronJob", "batch/v1", "jobTemplate: {spec: {template: {spec: {}}}}", "CronJob"),
            ("DeploymentConfig", "apps.openshift.io/v1", "template: {spec: {}}", "DeploymentConfig"),
            ("Rollout", "argoproj.io/v1alpha1", "template: {spec: {}}", "Rollout"),
        ] {
            let text = format!(
                "apiVersion: {api}\nkind: {kind}\nmetadata: {{name: web, namespace: shop}}\nspec: {{{spec}}}\n"
            );
            let doc = only(&text);
            assert_eq!(
                (doc.namespace.as_str(), doc.label.as_str()),
                ("shop", &*format!("{kind} \"shop/web\""))
            );
            let guessed = owner_of(&doc.pod, &Gates::default());
            let name = if kind == "StatefulSet" { "web-0" } else { "web" };
            assert_eq!((guessed.kind.as_str(), guessed.name.as_str()), (owner, name), "{text}");
        }
    }

    #[test]
    fn claims_of_a_statefulset_are_volumes_and_a_list_is_gone_through() {
        let doc = only(
            "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Service}\n- apiVersion: apps/v1\n  kind: StatefulSet\n  \
             metadata: {name: db}\n  spec:\n    volumeClaimTemplates: [{metadata: {name: data}}]\n    template: {spec: {volumes: \
             [{name: data, emptyDir: {}}, {name: other, emptyDir: {}}]}}\n",
        );
        let volumes = doc.pod.at(&["spec", "volumes"]).and_then(Value::as_list).unwrap();
        let names: Vec<_> = volumes.iter().filter_map(|v| v.get("name").and_then(Value::as_str)).collect();
        assert_eq!(names, ["other", "data"]);
        let claim = volumes[1].at(&["persistentVolumeClaim", "claimName"]).and_then(Value::as_str);
        assert_eq!(claim, Some("data-db-0"));
    }

    #[test]
    fn a_pod_stays_as_it_is_and_a_missing_template_is_an_error() {
        let doc = only("{apiVersion: v1, kind: Pod, metadata: {name: bare}, spec: {}, status: {}}");
        assert!(doc.pod.get("status").is_none() && doc.pod.at(&["metadata", "ownerReferences"]).is_none());
        let error = read("m.yaml", "a: b\n---\n{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: x}}");
        let error = error.unwrap_err().to_string();
        assert!(error.contains("m.yaml: document 2, line 3: DaemonSet \"x\": spec.template"), "{error}");
        assert!(holds_a_pod("Job", "batch/v1") && !holds_a_pod("Job", "x/v1"));
    }
}
