//! What differs on purpose between `pillion inject` and `istioctl kube-inject`: one row each, as docs/compatibility.md
//! has them. A row never looks at a difference. It says outright, in the question to Istio or in Pillion's
//! configuration, what the two take differently; with that said the answers must be the same. Each row is counted where
//! it is needed, and one that is never needed in a whole run is a gap.

use pillion_core::config::{Platform, Policy, ProxyConfigs, Snapshot};
use serde_json::{Value, json};

use super::ask::Answer;
use super::cause::Cause;
use super::rewrite::{own_group, pod_metadata, pod_of, pod_of_mut, strings, template};
use super::text;

/// One deliberate difference.
#[derive(Debug)]
pub struct Row {
    /// Its name in reports.
    pub name: &'static str,
    /// Why Pillion does not do as Istio does.
    pub why: &'static str,
    /// Whether it can be why these answers differ; what cannot be is not said.
    pub when: fn(&Answers<'_>) -> bool,
    /// How it is said outright.
    pub by: By,
}

/// What a row is chosen by.
#[derive(Debug)]
pub struct Answers<'a> {
    /// Istio's release.
    pub release: &'a str,
    /// Its answer.
    pub istio: &'a Answer,
    /// Pillion's.
    pub pillion: &'a Answer,
}

const ALWAYS: fn(&Answers<'_>) -> bool = |_| true;

/// Whether Istio refuses the manifest, of whatever kind the fault is that it tells: it stops at the first, and another
/// row can be about that one.
const fn refused(answers: &Answers<'_>) -> bool {
    answers.istio.cause.is_some()
}

/// How a row is said outright.
#[derive(Debug)]
pub enum By {
    /// The documents are given as Go reads them, in a stream that leaves no choice where they end.
    Stream(fn(&str) -> bool),
    /// Objects are written otherwise in the question; in the answer, beside the original, that is undone.
    Question(fn(&mut Value), fn(&mut Value, &Value)),
    /// A part of an object is left out, or written otherwise, in the question to Istio and in Pillion's answer.
    Both(fn(&mut Value)),
    /// A part of an object is left out of the question to both.
    Asked(fn(&mut Value)),
    /// Pillion's configuration says it; true where that changes anything.
    Configuration(fn(&mut Snapshot) -> bool),
}

/// All of them; questions are rewritten in this order.
pub const TABLE: &[Row] = &[
    Row {
        name: "where documents end",
        why: "Kubernetes' reader of streams knows no `...`, no directives and nothing behind `---`",
        when: ALWAYS,
        by: By::Stream(text::ends_documents_oddly),
    },
    Row {
        name: "kinds of other API groups",
        why: "a name alone does not say what an object is",
        when: ALWAYS,
        by: By::Question(rename_foreign_kind, |object, original| {
            if foreign(original) {
                object["kind"] = original["kind"].clone();
            }
        }),
    },
    Row {
        name: "objects without a pod template",
        why: "a sidecar alone is no workload",
        when: |a| a.pillion.cause == Some(Cause::Shape),
        by: By::Question(spoil_missing_template, |_, _| {}),
    },
    Row {
        name: "only the pod of an object is checked",
        why: "all else is the API server's to judge, of its own release",
        // Of a fault of one kind at two places each tells its own, and the pods that are passed over before it.
        when: |a| {
            let told = |answer: &Answer| (answer.cause, answer.skips.clone());
            refused(a) && told(a.pillion) != told(a.istio)
        },
        by: By::Both(leave_the_pod),
    },
    Row {
        name: "owners of pods",
        why: "a pod is its workload's, as for a webhook; Istio 1.20 does not look at owners of pods in files",
        when: |a| a.release.starts_with("1.20."),
        by: By::Asked(|object| {
            if object["kind"] == "Pod"
                && let Some(metadata) = pod_metadata(object)
            {
                metadata.remove("generateName");
            }
        }),
    },
    Row {
        name: "Argo Rollouts",
        why: "they run pods as Deployments do",
        when: ALWAYS,
        by: By::Question(as_deployment, as_rollout),
    },
    Row {
        name: "namespaces of objects",
        why: "a pod lives in the namespace of its workload, and so a webhook sees it",
        when: ALWAYS,
        by: By::Question(name_namespace, |object, original| {
            let named = pod_of(original).and_then(|pod| pod["metadata"]["namespace"].as_str());
            if pod_of(original).is_some()
                && named.is_none_or(str::is_empty)
                && let Some(metadata) = pod_metadata(object)
            {
                metadata.remove("namespace");
            }
        }),
    },
    Row {
        name: PASSED_OVER,
        why: PASSED_OVER_WHY,
        when: |a| refused(a) && takes_words(a.release),
        by: By::Question(
            |object| forget_proxy_config(object, |wish| !YES.contains(&&*wish.to_lowercase())),
            remember_proxy_config,
        ),
    },
    Row {
        name: PASSED_OVER,
        why: PASSED_OVER_WHY,
        when: |a| refused(a) && !takes_words(a.release),
        by: By::Question(|object| forget_proxy_config(object, |wish| wish == "false"), remember_proxy_config),
    },
    Row {
        name: "fractions as text",
        why: "Istio rounds them to 32 bits, and writes a million as 1e+06",
        when: ALWAYS,
        by: By::Both(fractions_as_text),
    },
    Row {
        name: "the pods of CronJobs",
        why: "Istio marks the job as injected, and a webhook would inject its pods again",
        when: ALWAYS,
        by: By::Question(swap_metadata, |object, _| swap_metadata(object)),
    },
    Row {
        name: "the policy counts",
        why: "files become what the webhook makes of them",
        when: ALWAYS,
        by: By::Configuration(|snapshot| {
            let changed = snapshot.injector.policy != Policy::Enabled;
            snapshot.injector.policy = Policy::Enabled;
            changed
        }),
    },
    Row {
        name: "selectors count",
        why: "files become what the webhook makes of them",
        when: ALWAYS,
        by: By::Configuration(|snapshot| {
            let config = &mut snapshot.injector;
            let changed = !(config.never_inject.is_empty() && config.always_inject.is_empty());
            config.never_inject.clear();
            config.always_inject.clear();
            changed
        }),
    },
    Row {
        name: "default templates count",
        why: "files become what the webhook makes of them",
        when: ALWAYS,
        by: By::Configuration(|snapshot| {
            let only = vec!["sidecar".to_owned()];
            let changed = snapshot.injector.default_templates != only;
            snapshot.injector.default_templates = only;
            changed
        }),
    },
    Row {
        name: "aliases count",
        why: "files become what the webhook makes of them",
        when: ALWAYS,
        by: By::Configuration(|snapshot| !std::mem::take(&mut snapshot.injector.aliases).is_empty()),
    },
    Row {
        name: "injected annotations count",
        why: "files become what the webhook makes of them",
        when: ALWAYS,
        by: By::Configuration(|snapshot| {
            !std::mem::take(&mut snapshot.injector.injected_annotations).is_empty()
        }),
    },
    Row {
        name: "ProxyConfig resources count",
        why: "files become what the webhook makes of them",
        when: ALWAYS,
        by: By::Configuration(|snapshot| {
            std::mem::take(&mut snapshot.proxy_configs) != ProxyConfigs::default()
        }),
    },
    Row {
        name: "the platform counts",
        why: "files become what the webhook makes of them",
        when: ALWAYS,
        by: By::Configuration(|snapshot| {
            let changed = snapshot.settings.platform == Platform::OpenShift;
            snapshot.settings.platform = Platform::None;
            changed
        }),
    },
    Row {
        name: "overrides survive a second injection",
        why: "what a user wrote must not depend on how often it is injected",
        when: ALWAYS,
        by: By::Configuration(|snapshot| std::mem::take(&mut snapshot.gates.overrides_survive)),
    },
];

const PROXY_CONFIG: &str = "proxy.istio.io/config";
const PASSED_OVER: &str = "annotations of pods that are passed over";
const PASSED_OVER_WHY: &str = "what is not injected need not be right";
/// What releases up to 1.26 take for a wish to be injected.
const YES: [&str; 5] = ["", "y", "yes", "true", "on"];

fn takes_words(release: &str) -> bool {
    let minor = release.strip_prefix("1.").and_then(|rest| rest.split('.').next()?.parse::<u32>().ok());
    minor.is_some_and(|minor| minor <= 26)
}

/// Whether `kube-inject` takes the object for one of its kinds, and it is none.
fn foreign(object: &Value) -> bool {
    let kind = object["kind"].as_str().unwrap_or_default();
    let known = kind == "List" || (template(kind).is_some() && kind != "Rollout");
    let versioned = object["apiVersion"].as_str().is_some_and(|version| !version.is_empty());
    known
        && !(own_group(object)
            && (versioned || matches!(kind, "Pod" | "ReplicationController" | "DeploymentConfig")))
}

fn rename_foreign_kind(object: &mut Value) {
    if foreign(object) {
        object["kind"] = json!(format!("{}OfAnotherGroup", object["kind"].as_str().unwrap_or_default()));
    }
}

/// Something in the place of the pod template that is certainly none.
fn spoil_missing_template(object: &mut Value) {
    let Some(path) = own_group(object).then(|| template(object["kind"].as_str()?)).flatten() else { return };
    let there = path.iter().try_fold(&*object, |value, step| value.get(step));
    if object["kind"] == "Rollout" || there.is_some_and(|pod| !pod.is_null()) {
        return;
    }
    let mut place = object;
    for step in path {
        if place.is_null() {
            *place = json!({});
        }
        let Some(members) = place.as_object_mut() else { return };
        place = members.entry(*step).or_insert(Value::Null);
    }
    *place = json!([]);
}

/// All that an object has beside its names and its pod is left out.
fn leave_the_pod(object: &mut Value) {
    // A number there is text to most of Go's types, and to OpenShift's is none.
    if object["apiVersion"].is_number() {
        object["apiVersion"] = json!(object["apiVersion"].to_string());
    }
    if object["kind"] == "List" && own_group(object) {
        return retain(object, &["apiVersion", "kind", "items"]);
    }
    let Some(path) = own_group(object).then(|| template(object["kind"].as_str()?)).flatten() else { return };
    if path.is_empty() {
        retain(object, &["apiVersion", "kind", "metadata", "spec"]);
        return;
    }
    retain(object, &["apiVersion", "kind", "metadata", "spec"]);
    if !object["metadata"].is_object() {
        retain(object, &["apiVersion", "kind", "spec"]);
    } else if let Some(metadata) = object.get_mut("metadata") {
        retain(metadata, &["name", "namespace"]);
    }
    let mut place = object;
    for step in path {
        let Some(next) = place.get_mut(step) else { return };
        place = next;
        if *step != "template" {
            let inner: &[&str] =
                if *step == "jobTemplate" { &["spec"] } else { &["template", "jobTemplate"] };
            retain(place, inner);
        }
    }
}

fn retain(value: &mut Value, keys: &[&str]) {
    if let Some(members) = value.as_object_mut() {
        members.retain(|key, _| keys.contains(&key.as_str()));
    }
}

const AS_ROLLOUT: &[(&str, &str)] = &[
    ("apis/apps/v1/", "apis/argoproj.io/v1alpha1/"),
    ("/deployments/", "/rollouts/"),
    ("deployment.apps/v1", "rollout.argoproj.io/v1alpha1"),
];

fn as_deployment(object: &mut Value) {
    if object["kind"] == "Rollout" && pod_of(object).is_some() {
        object["kind"] = json!("Deployment");
        object["apiVersion"] = json!("apps/v1");
    }
}

fn as_rollout(object: &mut Value, original: &Value) {
    if original["kind"] == "Rollout" && pod_of(original).is_some() {
        strings(object, &|text| {
            AS_ROLLOUT
                .iter()
                .fold(text.to_owned(), |text, (deployment, rollout)| text.replace(deployment, rollout))
        });
        object["kind"] = original["kind"].clone();
        object["apiVersion"] = original["apiVersion"].clone();
    }
}

fn name_namespace(object: &mut Value) {
    let own = object["metadata"]["namespace"].as_str().filter(|name| !name.is_empty());
    let namespace = own.unwrap_or("default").to_owned();
    let named = pod_of(object).and_then(|pod| pod["metadata"]["namespace"].as_str());
    if named.is_none_or(str::is_empty)
        && let Some(metadata) = pod_metadata(object)
    {
        metadata.insert("namespace".to_owned(), json!(namespace));
    }
}

/// Takes the proxy configuration off pods that say themselves that they are not injected, or whose namespace does.
fn forget_proxy_config(object: &mut Value, refuses: fn(&str) -> bool) {
    const INJECT: &str = "sidecar.istio.io/inject";
    let Some(metadata) = pod_of(object).map(|pod| &pod["metadata"]) else { return };
    let wish = metadata["labels"][INJECT].as_str().or_else(|| metadata["annotations"][INJECT].as_str());
    let ignored = [&object["metadata"]["namespace"], &metadata["namespace"]].iter().any(|namespace| {
        namespace.as_str().is_some_and(|name| pillion_core::inject::IGNORED_NAMESPACES.contains(&name))
    });
    if (ignored || wish.is_some_and(refuses))
        && let Some(annotations) = pod_metadata(object).and_then(|m| m.get_mut("annotations"))
        && let Some(members) = annotations.as_object_mut()
    {
        members.remove(PROXY_CONFIG);
    }
}

/// Gives it back.
fn remember_proxy_config(object: &mut Value, original: &Value) {
    let annotation = pod_of(original).map(|pod| &pod["metadata"]["annotations"][PROXY_CONFIG]);
    if let Some(annotation) = annotation.filter(|a| !a.is_null())
        && let Some(annotations) = pod_metadata(object).and_then(|m| m.get_mut("annotations"))
        && annotations.is_object()
    {
        annotations[PROXY_CONFIG] = annotation.clone();
    }
}

/// Numbers that are no integers, where Kubernetes wants text: as JSON has them.
fn fractions_as_text(object: &mut Value) {
    let Some(pod) = pod_of_mut(object) else { return };
    for list in ["labels", "annotations"] {
        let members = pod.get_mut("metadata").and_then(|metadata| metadata.get_mut(list));
        let members = members.and_then(Value::as_object_mut);
        members.into_iter().flatten().for_each(|(_, value)| as_text(value));
    }
    for list in ["containers", "initContainers"] {
        let containers = pod.get_mut("spec").and_then(|spec| spec.get_mut(list));
        for container in containers.and_then(Value::as_array_mut).into_iter().flatten() {
            for entry in container.get_mut("env").and_then(Value::as_array_mut).into_iter().flatten() {
                entry.get_mut("value").into_iter().for_each(as_text);
            }
            for words in ["args", "command"] {
                let words = container.get_mut(words).and_then(Value::as_array_mut);
                words.into_iter().flatten().for_each(as_text);
            }
        }
    }
}

fn as_text(value: &mut Value) {
    if value.is_number() {
        *value = json!(value.to_string());
    }
}

fn swap_metadata(object: &mut Value) {
    if object["kind"] != "CronJob" || pod_of(object).is_none() {
        return;
    }
    let job = &mut object["spec"]["jobTemplate"];
    let of_job = job["metadata"].take();
    let of_pod = std::mem::replace(&mut job["spec"]["template"]["metadata"], of_job);
    job["metadata"] = of_pod;
    drop_empty_metadata(&mut object["spec"]["jobTemplate"]);
    drop_empty_metadata(&mut object["spec"]["jobTemplate"]["spec"]["template"]);
}

fn drop_empty_metadata(place: &mut Value) {
    if place["metadata"].is_null()
        && let Some(members) = place.as_object_mut()
    {
        members.remove("metadata");
    }
}
