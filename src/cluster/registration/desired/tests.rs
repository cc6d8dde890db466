//! What is written into which entry, and what never is.

use super::*;
use crate::tls::ca::Authority;
use std::time::Duration;

use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};

/// The rules of new pods.
fn rules() -> Value {
    json!([{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"], "scope": "*"}])
}

fn authority() -> Trust {
    let made = Authority::make(Duration::from_secs(24 * 3600)).unwrap();
    Trust::from_pem(made.certificate_pem().as_bytes())
}

fn target() -> Target {
    Target { namespace: "mesh".into(), service: "pillion".into(), url: None }
}

fn entry(name: &str, service: &str, bundle: Option<&Trust>, armed: bool) -> Value {
    let mut entry = json!({
        "name": name,
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "clientConfig": { "service": { "namespace": "mesh", "name": service } },
    });
    if let Some(bundle) = bundle {
        entry["clientConfig"]["caBundle"] = json!(ByteString(bundle.to_pem().into_bytes()));
    }
    if armed {
        entry["rules"] = rules();
    }
    entry
}

fn configuration(webhooks: &Value) -> MutatingWebhookConfiguration {
    let metadata = json!({ "name": "sidecars", "resourceVersion": "7" });
    serde_json::from_value(json!({ "metadata": metadata, "webhooks": webhooks })).unwrap()
}

fn owning(mut config: MutatingWebhookConfiguration, fields: &Value) -> MutatingWebhookConfiguration {
    let fields = json!([{ "manager": MANAGER, "operation": "Apply", "fieldsV1": { "f:webhooks": fields } }]);
    config.metadata.managed_fields = serde_json::from_value(fields).unwrap();
    config
}

fn looked(config: &MutatingWebhookConfiguration, trust: &Trust, armed: bool) -> Looked {
    look(config, &Situation { target: &target(), trust, armed, now: crate::clock::now() })
}

fn written(looked: &Looked) -> Trust {
    let text = looked.apply.as_ref().unwrap().pointer("/webhooks/0/clientConfig/caBundle").unwrap();
    Trust::from_pem(&serde_json::from_value::<ByteString>(text.clone()).unwrap().0)
}

#[test]
fn only_entries_that_call_us_are_written_and_only_the_bundle_and_rules() {
    let trust = authority();
    let config = configuration(&json!([
        entry("ours", "pillion", None, false),
        entry("istiods", "istiod", None, true),
        entry("by-name.sidecar-injector.istio.io", "other", None, false),
    ]));
    let before_ready = looked(&config, &trust, false);
    assert_eq!(before_ready.unarmed, 1);
    let apply = before_ready.apply.unwrap();
    assert_eq!(apply["metadata"], json!({ "name": "sidecars", "resourceVersion": "7" }));
    let [only] = apply["webhooks"].as_array().unwrap().as_slice() else { panic!("{apply}") };
    assert_eq!(only["name"], "ours");
    assert!(only.get("rules").is_none() && only["clientConfig"].as_object().unwrap().len() == 1);
    let apply = looked(&config, &trust, true).apply.unwrap();
    assert_eq!(apply["webhooks"][0]["rules"], rules());
}

#[test]
fn nothing_is_written_where_nothing_is_lacking_and_never_an_empty_bundle() {
    let trust = authority();
    let config = configuration(&json!([entry("ours", "pillion", Some(&trust), true)]));
    assert!(looked(&config, &trust, true).apply.is_none());
    assert_eq!(looked(&config, &trust, true).registered, Some(trust.clone()));
    let bare = configuration(&json!([entry("ours", "pillion", None, false)]));
    assert!(looked(&bare, &Trust::default(), true).apply.is_none(), "armed without any authority");
    let others = configuration(&json!([entry("istiods", "istiod", None, true)]));
    assert_eq!(looked(&others, &trust, true).registered, None);
}

#[test]
fn the_old_authority_stays_beside_the_new() {
    let (old, new) = (authority(), authority());
    let config = configuration(&json!([entry("ours", "pillion", Some(&old), true)]));
    let bundle = written(&looked(&config, &new, true));
    assert!(bundle.covers(&old) && bundle.covers(&new));
    // The other replica, which still has the old one, finds it and writes nothing.
    let config = configuration(&json!([entry("ours", "pillion", Some(&bundle), true)]));
    assert!(looked(&config, &old, true).apply.is_none());
}

#[test]
fn twenty_rotations_keep_a_bundle_short_and_what_a_take_over_found() {
    let istiods = authority();
    let mut bundle = istiods.clone();
    for _ in 0..20 {
        let mut config = configuration(&json!([entry("ours", "pillion", Some(&bundle), true)]));
        let original = json!([entry("ours", "istiod", Some(&istiods), true)]).to_string();
        config.metadata.annotations = Some([(ORIGINAL.to_owned(), original)].into());
        let new = authority();
        bundle = written(&looked(&config, &new, true));
        assert!(bundle.covers(&new) && bundle.covers(&istiods));
    }
    assert_eq!(bundle.len(), MOST);
}

#[test]
fn what_we_own_is_said_again_or_applying_would_take_it_away() {
    let (trust, theirs) = (authority(), authority());
    let config = configuration(&json!([
        entry("ours", "pillion", None, true),
        entry("given-back", "istiod", Some(&theirs), true),
        entry("never-ours", "istiod", Some(&theirs), true),
    ]));
    let fields = json!({
        "k:{\"name\":\"ours\"}": { ".": {}, "f:rules": {} },
        "k:{\"name\":\"given-back\"}": { "f:clientConfig": { "f:caBundle": {} } },
    });
    let apply = looked(&owning(config, &fields), &trust, true).apply.unwrap();
    let [ours, given_back] = apply["webhooks"].as_array().unwrap().as_slice() else { panic!("{apply}") };
    assert_eq!(ours["rules"], rules());
    assert_eq!(given_back["name"], "given-back");
    let bundle: ByteString = serde_json::from_value(given_back["clientConfig"]["caBundle"].clone()).unwrap();
    assert_eq!(Trust::from_pem(&bundle.0), theirs, "as it was");
}

#[test]
fn validating_entries_are_armed_by_the_path_that_they_call() {
    let trust = authority();
    let at = |name: &str, path: &str| {
        let mut entry = entry(name, "pillion", None, false);
        entry["clientConfig"]["service"]["path"] = json!(path);
        entry
    };
    let webhooks = json!([
        at("config", "/validate-config"),
        at("workload", "/validate-workload/namespace/silent/rev/default"),
        at("unheard-of", "/other"),
    ]);
    let config: ValidatingWebhookConfiguration =
        serde_json::from_value(json!({ "metadata": { "name": "checks" }, "webhooks": webhooks })).unwrap();
    let situation = Situation { target: &target(), trust: &trust, armed: true, now: crate::clock::now() };
    let looked = look(&config, &situation);
    assert_eq!(looked.unarmed, 2);
    let apply = looked.apply.unwrap();
    assert_eq!(apply["kind"], "ValidatingWebhookConfiguration");
    let [config, workload, other] = apply["webhooks"].as_array().unwrap().as_slice() else {
        panic!("{apply}")
    };
    assert_eq!(config["rules"][0]["resources"], json!(["configmaps"]));
    assert_eq!(config["rules"][0]["operations"], json!(["CREATE", "UPDATE"]));
    assert_eq!(workload["rules"][0]["resources"], json!(["deployments", "statefulsets", "daemonsets"]));
    assert_eq!(workload["rules"][1]["resources"], json!(["jobs", "cronjobs"]));
    assert!(other.get("rules").is_none() && other["clientConfig"].get("caBundle").is_some());
}
