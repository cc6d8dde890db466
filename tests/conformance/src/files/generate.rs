//! Seeded random manifests: the generator's pods in objects of every kind, in Lists, beside objects that have no pod,
//! written down in every style; now and then with something missing, of a wrong type, or torn.

use serde_json::{Value, json};

use super::manifest::Manifest;
use super::{rewrite, text};
use crate::generate;
use pillion_chance::Rng;

/// Kinds that have a pod template, and other objects by name.
const WORKLOADS: &[(&str, &str)] = &[
    ("apps/v1", "Deployment"),
    ("extensions/v1beta1", "Deployment"),
    ("apps/v1beta2", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("apps/v1", "ReplicaSet"),
    ("v1", "ReplicationController"),
    ("batch/v1", "Job"),
    ("batch/v1", "CronJob"),
    ("batch/v1beta1", "CronJob"),
    ("apps.openshift.io/v1", "DeploymentConfig"),
    ("v1", "DeploymentConfig"),
    ("argoproj.io/v1alpha1", "Rollout"),
    ("batch.volcano.sh/v1alpha1", "Job"),
    ("example.org/v1", "Deployment"),
    ("serving.example.org/v1", "Service"),
];

/// What else may stand in a manifest.
const OTHERS: &[(&str, &str)] = &[
    (
        "Service",
        r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"web"},"spec":{"ports":[{"port":80}]}}"#,
    ),
    (
        "ConfigMap",
        r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":"---\nkind: Pod\n","b":"1"}}"#,
    ),
    (
        "a custom resource definition",
        r#"{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"ships.example.org"},"spec":{"group":"example.org","template":{"spec":{"containers":[]}}}}"#,
    ),
    (
        "a custom resource",
        r#"{"apiVersion":"example.org/v1","kind":"Ship","spec":{"template":{"spec":{"containers":[{"name":"a","image":"b"}]}},"n":1.50}}"#,
    ),
    ("no kind", r#"{"a":1,"b":[true,null,"x"]}"#),
    (
        "a DeploymentList",
        r#"{"apiVersion":"apps/v1","kind":"DeploymentList","items":[{"apiVersion":"apps/v1","kind":"Deployment","spec":{"template":{"spec":{"containers":[{"name":"a","image":"b"}]}}}}]}"#,
    ),
    (
        "a PodList",
        r#"{"apiVersion":"v1","kind":"PodList","items":[{"apiVersion":"v1","kind":"Pod","spec":{"containers":[]}}]}"#,
    ),
    (
        "a Deployment of no API version",
        r#"{"kind":"Deployment","metadata":{"name":"web"},"spec":{"template":{"spec":{"containers":[{"name":"a","image":"b"}]}}}}"#,
    ),
    ("an empty List", r#"{"apiVersion":"v1","kind":"List","items":[]}"#),
    ("a List without items", r#"{"apiVersion":"v1","kind":"List"}"#),
    (
        "a List of nothing",
        r#"{"apiVersion":"v1","kind":"List","items":[null,{},{"kind":"Service","apiVersion":"v1"}]}"#,
    ),
    (
        "a Rollout that refers to a workload",
        r#"{"apiVersion":"argoproj.io/v1alpha1","kind":"Rollout","metadata":{"name":"r"},"spec":{"workloadRef":{"kind":"Deployment","name":"web"}}}"#,
    ),
];

/// Documents that are no objects: they refuse the manifest, so they are rare.
const NO_OBJECTS: &[&str] = &["\"just text\"", "[1,2]", "5", "true"];

/// What may be wrong with an object of a known kind: where, and what stands there instead.
const WRONGS: &[(&str, &str, &str)] = &[
    ("no pod template", "/spec/template", "null"),
    ("no spec", "/spec", "null"),
    ("a spec that is a list", "/spec", "[]"),
    ("a template that is text", "/spec/template", "\"x\""),
    ("no pod spec", "/spec/template/spec", "null"),
    ("no pod metadata", "/spec/template/metadata", "null"),
    ("pod metadata that is a number", "/spec/template/metadata", "7"),
    ("containers that are an object", "/spec/template/spec/containers", "{}"),
    ("labels that are a list", "/spec/template/metadata/labels", "[1]"),
    ("labels that are numbers", "/spec/template/metadata/labels", r#"{"version":1.25,"debug":true,"n":7}"#),
    (
        "annotations that are numbers",
        "/spec/template/metadata/annotations",
        r#"{"example.org/n":3,"b":false}"#,
    ),
    ("replicas that are text", "/spec/replicas", "\"two\""),
    ("a selector of numbers", "/spec/selector", r#"{"matchLabels":{"version":1}}"#),
    ("metadata that is text", "/metadata", "\"web\""),
    ("no metadata", "/metadata", "null"),
    ("a name that is a number", "/metadata/name", "12"),
    ("labels of the object that are numbers", "/metadata/labels", r#"{"release":3}"#),
    ("a kind that is an object", "/kind", "{}"),
    ("an API version that is a number", "/apiVersion", "1"),
    (
        "an environment of numbers",
        "/spec/template/spec/containers/0/env",
        r#"[{"name":"A","value":1.10},{"name":"B","value":true},{"name":"C","value":8080},{"name":"D","value":1.23456789012}]"#,
    ),
    ("a status", "/status", r#"{"replicas":"many"}"#),
];

/// The manifest that `seed` gives for `number`.
#[must_use]
pub fn manifest(seed: &Rng, number: usize) -> Manifest {
    let mut rng = seed.fork(&format!("manifest {number}"));
    let mut made = Manifest { name: format!("random-{number}"), ..Manifest::default() };
    let count = 1 + rng.below(5);
    let documents: Vec<Value> =
        (0..count).map(|at| document(&mut rng, number * 8 + at, 2, &mut made.covers)).collect();
    made.text = text::write(&documents, &mut rng, &mut made.covers);
    if rng.chance(4) {
        made.covers.push("shape: torn".to_owned());
        made.text = text::hurt(&made.text, &mut rng);
    }
    made
}

/// Makes the documents of a manifest out of chance, its number, and the list of what it covers.
type Make<'m> = dyn Fn(&mut Rng, usize, &mut Vec<String>) -> Vec<Value> + 'm;

/// Manifests that cover each kind, each other object, each fault and each way of writing once, whatever chance brings.
#[must_use]
pub fn sweep(seed: &Rng) -> Vec<Manifest> {
    let mut all = vec![];
    let mut rng = seed.fork("sweep");
    let mut add = |make: &Make<'_>| {
        let number = all.len();
        let mut made = Manifest { name: format!("sweep-{number}"), ..Manifest::default() };
        let documents = make(&mut rng, number, &mut made.covers);
        made.text = text::nth(&documents, number, &mut made.covers);
        all.push(made);
    };
    for kind in WORKLOADS {
        add(&|rng, number, covers| vec![workload_of(*kind, None, rng, number, covers)]);
    }
    for other in OTHERS {
        add(&|_, _, covers| vec![other_of(other, covers)]);
    }
    for wrong in WRONGS {
        add(&|rng, number, covers| vec![workload_of(WORKLOADS[0], Some(wrong), rng, number, covers)]);
    }
    for _ in 0..text::ways() {
        add(&|rng, number, covers| {
            let pod = pod_of(rng, number, covers);
            vec![
                list(&[list(std::slice::from_ref(&pod), 1, covers), pod.clone()], 2, covers),
                other_of(&OTHERS[0], covers),
                pod,
            ]
        });
    }
    add(&|_, _, covers| vec![no_object(NO_OBJECTS[0], covers)]);
    all
}

fn document(rng: &mut Rng, number: usize, depth: usize, covers: &mut Vec<String>) -> Value {
    match rng.below(100) {
        0..8 if depth > 0 => {
            let inner = |at| number.wrapping_mul(31).wrapping_add(at);
            let items: Vec<Value> =
                (0..1 + rng.below(3)).map(|at| document(rng, inner(at), depth - 1, covers)).collect();
            list(&items, depth, covers)
        }
        8..26 => other_of(rng.pick(OTHERS), covers),
        26 if rng.chance(50) => {
            let text: &&str = rng.pick(NO_OBJECTS);
            no_object(text, covers)
        }
        27..44 => pod_of(rng, number, covers),
        _ => {
            let kind = *rng.pick(WORKLOADS);
            let wrong = rng.chance(10).then(|| rng.pick(WRONGS));
            workload_of(kind, wrong, rng, number, covers)
        }
    }
}

fn list(items: &[Value], depth: usize, covers: &mut Vec<String>) -> Value {
    covers.push(if depth == 2 { "kind: List" } else { "kind: List in a List" }.to_owned());
    json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": items})
}

fn other_of((name, text): &(&str, &str), covers: &mut Vec<String>) -> Value {
    covers.push(format!("kind: {name}"));
    serde_json::from_str(text).unwrap_or_default()
}

fn no_object(text: &str, covers: &mut Vec<String>) -> Value {
    covers.push("kind: no object".to_owned());
    serde_json::from_str(text).unwrap_or_default()
}

fn pod_of(rng: &Rng, number: usize, covers: &mut Vec<String>) -> Value {
    let (pod, states) = generate::pod_alone(&rng.fork("pod"), number);
    covers.extend(states);
    covers.push("kind: v1 Pod".to_owned());
    pod
}

/// A workload of this kind, with one thing wrong or none.
fn workload_of(
    (version, kind): (&str, &str),
    wrong: Option<&(&str, &str, &str)>,
    rng: &mut Rng,
    number: usize,
    covers: &mut Vec<String>,
) -> Value {
    let (pod, states) = generate::pod_alone(&rng.fork("pod"), number);
    covers.extend(states);
    covers.push(format!("kind: {version} {kind}"));
    let mut template = json!({"metadata": pod["metadata"], "spec": pod["spec"]});
    if let Some(metadata) = template["metadata"].as_object_mut() {
        // Templates have no owners, and seldom names.
        metadata.remove("ownerReferences");
        metadata.remove("generateName");
        if rng.chance(85) {
            metadata.remove("name");
            metadata.remove("namespace");
        }
    }
    let mut metadata = json!({"name": *rng.pick(&["web", "store", "import-28437210", "a-very-long-name-of-a-workload-that-goes-on"])});
    let namespace = *rng.pick(&["", "", "shop", "payments", "default"]);
    let namespace = if rng.chance(4) { "kube-system" } else { namespace };
    covers.push(format!("namespace: {}", if namespace.is_empty() { "none" } else { "of the object" }));
    if !namespace.is_empty() {
        metadata["namespace"] = json!(namespace);
    }
    if rng.chance(20) {
        metadata["labels"] = json!({"app": "web"});
        metadata["annotations"] = json!({"sidecar.istio.io/inject": "false"});
    }
    let spec = match kind {
        "CronJob" => {
            let of_job = rng.pick(&[
                "null",
                "{}",
                r#"{"labels":{"of":"the-job"},"annotations":{"sidecar.istio.io/inject":"false"}}"#,
            ]);
            let mut job = json!({"spec": {"template": template, "backoffLimit": 2}});
            if let Some(metadata) = serde_json::from_str::<Value>(of_job).ok().filter(|m| !m.is_null()) {
                covers.push("shape: metadata on a job template".to_owned());
                job["metadata"] = metadata;
            }
            json!({"schedule": "*/5 * * * *", "jobTemplate": job})
        }
        "Job" => json!({"template": template, "completions": 3}),
        "ReplicationController" | "DeploymentConfig" => {
            json!({"replicas": 1, "selector": {"app": "web"}, "template": template})
        }
        _ => {
            json!({"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template, "unknownField": {"a": 1}})
        }
    };
    let mut object = json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec});
    if let Some((name, place, instead)) = wrong {
        covers.push(format!("wrong: {name}"));
        put(&mut object, place, serde_json::from_str(instead).unwrap_or_default());
    }
    object
}

/// Puts a value to where a path leads; the way of a CronJob is longer.
fn put(object: &mut Value, place: &str, value: Value) {
    let place = match object["kind"].as_str() {
        Some("CronJob") => place.replacen("/spec/template", "/spec/jobTemplate/spec/template", 1),
        _ => place.to_owned(),
    };
    let Some((parent, key)) = place.rsplit_once('/') else { return };
    if let Some(members) = object.pointer_mut(parent).and_then(Value::as_object_mut) {
        members.insert(key.to_owned(), value);
    }
}

/// What a whole run must cover: what [`sweep`] makes sure of.
#[must_use]
pub fn expectations() -> Vec<String> {
    let mut all = text::expectations();
    all.extend(WORKLOADS.iter().map(|(version, kind)| format!("kind: {version} {kind}")));
    all.extend(OTHERS.iter().map(|(name, _)| format!("kind: {name}")));
    all.extend(WRONGS.iter().map(|(name, ..)| format!("wrong: {name}")));
    all.extend(["kind: v1 Pod", "kind: List", "kind: List in a List", "kind: no object"].map(String::from));
    all
}

/// How many documents a text has, by the objects that both read: for the figures.
#[must_use]
pub fn count(documents: &[Value]) -> usize {
    let mut count = 0;
    let mut copy = documents.to_vec();
    rewrite::each(&mut copy, &mut |_| count += 1);
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_manifest() {
        assert_eq!(manifest(&Rng::new(7), 3).text, manifest(&Rng::new(7), 3).text);
    }

    #[test]
    fn the_sweep_covers_everything_but_chance() {
        let seen: Vec<String> = sweep(&Rng::new(1)).into_iter().flat_map(|made| made.covers).collect();
        let missing: Vec<_> = expectations().into_iter().filter(|name| !seen.contains(name)).collect();
        assert!(missing.is_empty(), "never drawn: {missing:?}");
    }

    #[test]
    fn enough_manifests_cover_everything_that_is_expected() {
        let seed = Rng::new(1);
        let mut seen: Vec<String> = (0..4000).flat_map(|n| manifest(&seed, n).covers).collect();
        seen.sort();
        seen.dedup();
        let missing: Vec<_> =
            expectations().into_iter().filter(|name| seen.binary_search(name).is_err()).collect();
        assert!(missing.is_empty(), "never drawn: {missing:?}");
    }
}
