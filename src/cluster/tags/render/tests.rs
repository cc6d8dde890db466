//! What a tag is made of, and when it is refused.

use super::*;
use crate::cluster::tags::Setting;
use serde_json::{Value, json};

/// An entry as the chart makes it, armed.
fn made(name: &str, namespace: &Value, pod: &Value, policy: &str) -> Value {
    json!({
        "name": format!("{name}.sidecar-injector.pillion.dev"),
        "clientConfig": {
            "service": {"name": "pillion-r", "namespace": "mesh", "path": "/inject", "port": 443},
            "caBundle": "QQ==",
        },
        "rules": [{
            "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"], "scope": "*",
        }],
        "sideEffects": "None", "admissionReviewVersions": ["v1"], "failurePolicy": policy, "timeoutSeconds": 7,
        "reinvocationPolicy": "IfNeeded",
        "namespaceSelector": {"matchExpressions": namespace}, "objectSelector": {"matchExpressions": pod},
        "matchConditions": [{"name": "c", "expression": "true"}],
    })
}

fn usual() -> Value {
    json!({"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system", "dev"]})
}

fn chosen() -> Value {
    json!({"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["dev"]})
}

fn in_(key: &str, value: &str) -> Value {
    json!({"key": key, "operator": "In", "values": [value]})
}

fn none(key: &str) -> Value {
    json!({"key": key, "operator": "DoesNotExist"})
}

fn configuration(name: &str, labels: &Value, webhooks: &Value) -> MutatingWebhookConfiguration {
    let metadata = json!({"name": name, "labels": labels, "resourceVersion": "1"});
    serde_json::from_value(json!({"metadata": metadata, "webhooks": webhooks})).unwrap()
}

fn revision(revision: &str) -> MutatingWebhookConfiguration {
    let refused = json!({"key": INJECT, "operator": "NotIn", "values": ["false"]});
    let (rev, injection) = (ISTIO_REVISION, ISTIO_INJECTION);
    let entries = json!([
        made(
            "rev.namespace",
            &json!([in_(rev, revision), none(injection), usual()]),
            &json!([refused]),
            "Fail"
        ),
        made(
            "ignore.rev.namespace",
            &json!([in_(rev, revision), none(injection), chosen()]),
            &json!([refused]),
            "Ignore"
        ),
        made(
            "rev.object",
            &json!([none(rev), none(injection), usual()]),
            &json!([refused, in_(rev, revision)]),
            "Fail"
        ),
    ]);
    let labels = json!({NAME_LABEL: NAME, REVISION: revision, MANAGED_BY: "Helm"});
    configuration(&format!("pillion-sidecar-injector-{revision}"), &labels, &entries)
}

fn setting(tag: &str) -> Setting {
    Setting {
        tag: tag.into(),
        revision: "r".into(),
        namespace: None,
        name: None,
        overwrite: false,
        force: false,
        every_namespace: false,
    }
}

fn names(config: &MutatingWebhookConfiguration) -> Vec<String> {
    let end = format!(".{OUR_ENTRIES}");
    config.webhooks.iter().flatten().map(|entry| entry.name.trim_end_matches(&end).to_owned()).collect()
}

#[test]
fn a_tag_calls_whom_its_revision_calls_and_takes_who_asks_for_the_tag() {
    let revision = revision("r");
    let tag = setting("prod").render(std::slice::from_ref(&revision)).unwrap();
    assert_eq!(tag.name_any(), "pillion-revision-tag-prod");
    assert_eq!(names(&tag), ["rev.namespace", "ignore.rev.namespace", "rev.object"]);
    let labels = json!(tag.labels());
    assert_eq!(labels, json!({NAME_LABEL: NAME, REVISION: "r", TAG: "prod", MANAGED_BY: "pillion-tag"}));
    // But for the tag's name nothing differs.
    let (of_tag, of_revision) = (json!(tag.webhooks), json!(revision.webhooks));
    assert_eq!(of_tag.to_string(), of_revision.to_string().replace(r#"["r"]"#, r#"["prod"]"#));
}

#[test]
fn the_tag_default_takes_who_asks_by_istio_injection_too() {
    let revisions = [revision("r")];
    let tag = setting("default").render(&revisions).unwrap();
    let all = ["rev.namespace", "ignore.rev.namespace", "rev.object", "namespace", "ignore.namespace"];
    assert_eq!(names(&tag), [&all[..], &["object", "ignore.object"]].concat());
    let entry = json!(tag.webhooks.iter().flatten().nth(4));
    assert_eq!(entry["failurePolicy"], "Ignore");
    assert_eq!(
        entry["namespaceSelector"]["matchExpressions"],
        json!([in_(ISTIO_INJECTION, "enabled"), chosen()])
    );
    let every = Setting { every_namespace: true, ..setting("default") }.render(&revisions).unwrap();
    let auto = json!(every.webhooks.iter().flatten().find(|entry| entry.name.starts_with("auto.")));
    let storage = json!({"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": [STORAGE]});
    let silent = json!([none(ISTIO_INJECTION), none(ISTIO_REVISION), storage, usual()]);
    assert_eq!(auto["namespaceSelector"]["matchExpressions"], silent);
}

#[test]
fn a_revision_that_is_not_there_or_not_armed_or_not_the_charts_is_refused() {
    let refusal = |present: &[MutatingWebhookConfiguration]| setting("prod").render(present).unwrap_err();
    let text = refusal(&[revision("other")]).to_string();
    assert!(text.contains("\"r\"; there is other"), "{text}");
    let mut second = revision("r");
    second.metadata.name = Some("second".into());
    let text = refusal(&[revision("r"), second.clone()]).to_string();
    assert!(text.contains("pillion-sidecar-injector-r, second; --own-namespace"), "{text}");
    for entry in second.webhooks.iter_mut().flatten() {
        entry.client_config.service.as_mut().unwrap().namespace = "elsewhere".into();
    }
    let there = Setting { namespace: Some("elsewhere".into()), ..setting("prod") };
    assert!(there.render(&[revision("r"), second]).is_ok());
    let mut unarmed = revision("r");
    unarmed.webhooks.as_mut().unwrap()[2].rules = None;
    assert!(matches!(refusal(&[unarmed]), TagError::NotArmed { .. }));
    let mut without = revision("r");
    without.webhooks.as_mut().unwrap().remove(2);
    assert!(matches!(refusal(&[without]), TagError::UnknownShape { .. }));
    for name in ["", "Prod", "a_b", "-a", "a-", &"a".repeat(41)] {
        assert!(matches!(setting(name).render(&[revision("r")]), Err(TagError::Name(_))), "{name}");
    }
}

#[test]
fn a_tag_replaces_its_own_kind_only_and_only_if_told_to() {
    let revisions = [revision("r"), revision("s")];
    let old = Setting { revision: "s".into(), ..setting("prod") }.render(&revisions).unwrap();
    let present = [&revisions[..], std::slice::from_ref(&old)].concat();
    let text = setting("prod").plan(&present).unwrap_err().to_string();
    assert!(text.contains("means the revision \"s\": --overwrite"), "{text}");
    let overwriting = Setting { overwrite: true, ..setting("prod") };
    assert_eq!(overwriting.plan(&present).unwrap().old, std::slice::from_ref(&old));
    let mut of_helm = old;
    of_helm.metadata.labels.as_mut().unwrap().insert(MANAGED_BY.into(), "Helm".into());
    let refused = overwriting.plan(&[&revisions[..], &[of_helm]].concat());
    assert!(matches!(refused, Err(TagError::OfHelm(_))));
    let taken = Setting { name: Some("pillion-sidecar-injector-s".into()), ..overwriting };
    assert!(matches!(taken.plan(&revisions), Err(TagError::NotOurs(_))));
    assert!(matches!(setting("s").plan(&revisions), Err(TagError::IsRevision(_))));
}

#[test]
fn an_overlap_is_refused_unless_forced_and_names_both_webhooks() {
    let istios = json!([{
        "name": "namespace.sidecar-injector.istio.io", "clientConfig": {}, "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "namespaceSelector": {"matchExpressions": [in_(ISTIO_INJECTION, "enabled")]},
    }]);
    let istios = configuration("istio-sidecar-injector", &json!({"app": "sidecar-injector"}), &istios);
    let present = [revision("r"), istios];
    assert!(setting("prod").plan(&present).is_ok());
    let text = setting("default").plan(&present).unwrap_err().to_string();
    assert!(text.contains("istio-sidecar-injector (namespace.sidecar-injector.istio.io)"), "{text}");
    assert!(text.contains("pillion-revision-tag-default (namespace.sidecar-injector.pillion.dev)"), "{text}");
    assert!(text.contains("in a namespace with istio-injection=enabled"), "{text}");
    let forced = Setting { force: true, ..setting("default") }.plan(&present).unwrap();
    assert_eq!(forced.overlaps.len(), 1);
}
