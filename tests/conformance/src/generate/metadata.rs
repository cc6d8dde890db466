//! The metadata of random pods: names, owners of every kind, labels and annotations out of the tables.

use serde_json::{Value, json};

use super::tables::{ANNOTATIONS, Key, LABELS, state};
use super::{Draw, Object};

/// How a pod came to be: the controller's kind, and which labels tell more of it.
pub(super) const OWNERS: &[(&str, Owner)] = &[
    ("none", Owner::none()),
    ("Deployment by its ReplicaSet", Owner::of("apps/v1", "ReplicaSet", "shop-5f6d8c7b9")),
    ("ReplicaSet alone", Owner::of("apps/v1", "ReplicaSet", "shop-set")),
    ("Rollout", Owner::of("apps/v1", "ReplicaSet", "shop-7c9d5b4f6")),
    ("DeploymentConfig", Owner::of("v1", "ReplicationController", "shop-3")),
    ("ReplicationController", Owner::of("v1", "ReplicationController", "shop-rc")),
    ("StatefulSet", Owner::of("apps/v1", "StatefulSet", "store")),
    ("DaemonSet", Owner::of("apps/v1", "DaemonSet", "agent")),
    ("Job", Owner::of("batch/v1", "Job", "import")),
    ("CronJob by its Job", Owner::of("batch/v1", "Job", "import-28437210")),
    ("CronJob by its Job, old", Owner::of("batch/v1", "Job", "import-1604423640")),
    ("Job with a short number", Owner::of("batch/v1", "Job", "import-1234567")),
    ("a custom resource", Owner::of("example.org/v1alpha1", "Fleet", "ships")),
    (
        "an owner that is no controller",
        Owner { controller: Some(false), ..Owner::of("apps/v1", "ReplicaSet", "shop-5f6d8c7b9") },
    ),
    ("an owner that does not say", Owner { controller: None, ..Owner::of("apps/v1", "DaemonSet", "agent") }),
];

/// One owner reference.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner {
    api_version: &'static str,
    kind: &'static str,
    name: &'static str,
    controller: Option<bool>,
}

impl Owner {
    const fn none() -> Self {
        Self::of("", "", "")
    }

    const fn of(api_version: &'static str, kind: &'static str, name: &'static str) -> Self {
        Self { api_version, kind, name, controller: Some(true) }
    }
}

/// A pod's metadata.
pub(super) fn metadata(draw: &mut Draw) -> Object {
    let mut meta = Object::new();
    let mut labels = keys(draw, LABELS, 3, 4);
    owner(draw, &mut meta, &mut labels);
    if draw.chance(15) {
        meta.insert("namespace".into(), json!(draw.pick(&["shop", "elsewhere", ""])));
    }
    let annotations = keys(draw, ANNOTATIONS, 5, 2);
    if !labels.is_empty() || draw.chance(20) {
        meta.insert("labels".into(), Value::Object(labels));
    }
    if !annotations.is_empty() || draw.chance(20) {
        meta.insert("annotations".into(), Value::Object(annotations));
    }
    if draw.chance(10) {
        meta.insert("finalizers".into(), json!(["example.org/hold"]));
    }
    meta
}

fn owner(draw: &mut Draw, meta: &mut Object, labels: &mut Object) {
    let (what, owner) = draw.pick(OWNERS);
    draw.note("owner", what);
    if owner.name.is_empty() {
        if draw.chance(85) {
            meta.insert("name".into(), json!("single"));
        }
        return;
    }
    // A pod that was made by hand has a name even where it has an owner; the owner then does not count.
    if draw.chance(90) {
        meta.insert("generateName".into(), json!(format!("{}-", owner.name)));
    } else {
        meta.insert("name".into(), json!(format!("{}-0", owner.name)));
    }
    let mut reference = json!({
        "apiVersion": owner.api_version, "kind": owner.kind, "name": owner.name,
        "uid": "0b6f8c1e-0000-4000-8000-000000000001", "blockOwnerDeletion": true,
    });
    if let Some(controller) = owner.controller {
        reference["controller"] = json!(controller);
    }
    meta.insert("ownerReferences".into(), json!([reference]));
    match *what {
        "Deployment by its ReplicaSet" => labels.insert("pod-template-hash".into(), json!("5f6d8c7b9")),
        "Rollout" => labels.insert("rollouts-pod-template-hash".into(), json!("7c9d5b4f6")),
        "DeploymentConfig" => labels.insert("deploymentconfig".into(), json!("shop")),
        _ => None,
    };
}

/// Up to `most` keys of a table; about `invalid_percent` of the pods carry one with a value it is not meant for.
fn keys(draw: &mut Draw, table: &[Key], most: usize, invalid_percent: usize) -> Object {
    let mut chosen = Object::new();
    for _ in 0..draw.below(most + 1) {
        let key = draw.pick(table);
        // Most pods are to be injected: what opts out is drawn, but thinned.
        if key.name == "sidecar.istio.io/inject" && draw.chance(50) {
            continue;
        }
        chosen.insert(key.name.to_owned(), json!(draw.pick(key.valid)));
    }
    if draw.chance(invalid_percent * 4) {
        let key = draw.pick(table);
        chosen.insert(key.name.to_owned(), json!(draw.pick(key.invalid)));
    }
    chosen
}

/// Notes for every key of the tables in which state the finished pod has it.
pub(super) fn note_states(pod: &Value, draw: &mut Draw) {
    for (kind, list, table) in [("annotation", "annotations", ANNOTATIONS), ("label", "labels", LABELS)] {
        for key in table {
            let found = match pod["metadata"][list][key.name].as_str() {
                None => "absent",
                Some(value) if key.invalid.contains(&value) => "invalid",
                Some(_) => "valid",
            };
            draw.covers.push(state(kind, key.name, found));
        }
    }
}
