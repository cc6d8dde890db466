//! What is written into istiod's configurations, and that giving them back is exact.

use super::*;
use crate::tls::ca::Authority;
use std::time::Duration;

fn authority() -> Trust {
    let made = Authority::make(Duration::from_secs(3600)).unwrap();
    Trust::from_pem(made.certificate_pem().as_bytes())
}

fn encoded(trust: &Trust) -> String {
    STANDARD.encode(trust.to_pem())
}

fn route(trust: &Trust) -> Route {
    let target = Target { namespace: "mesh".into(), service: "pillion".into(), url: None };
    Route { target, port: 8443, trust: trust.clone() }
}

fn by_url(trust: &Trust) -> Route {
    let mut route = route(trust);
    route.target.url = Some("https://10.0.0.1:15017/".into());
    route
}

/// Istiod's configuration, with an entry of somebody else's and fields that nobody here knows.
fn istiods(trust: &Trust) -> DynamicObject {
    let entry = |name: &str, path: &str| {
        json!({
            "name": name, "sideEffects": "None", "admissionReviewVersions": ["v1beta1", "v1"],
            "clientConfig": {
                "service": {"name": "istiod", "namespace": "istio-system", "path": path, "port": 443},
                "caBundle": encoded(trust),
            },
            "fieldOfTheFuture": {"a": [1, 2.5, "x"]},
            "namespaceSelector": {"matchExpressions": [{"key": "istio.io/rev", "operator": "In", "values": ["default"]}]},
        })
    };
    serde_json::from_value(json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "istio-sidecar-injector", "resourceVersion": "7", "labels": {ISTIO_REVISION: "default"}},
        "webhooks": [
            entry("rev.namespace.sidecar-injector.istio.io", "/inject"),
            entry("object.sidecar-injector.istio.io", "/inject/cluster/east/net/one"),
            entry("policy.example", "/policy"),
        ],
    }))
    .unwrap()
}

fn take(config: &DynamicObject, route: &Route) -> DynamicObject {
    taken(config, route).unwrap().unwrap().0
}

#[test]
fn only_whom_istiods_entries_call_and_trust_changes() {
    let (theirs, ours) = (authority(), authority());
    let config = istiods(&theirs);
    assert!(is_of(&config, "default") && !is_of(&config, "1-20-2"));
    let (new, changes) = taken(&config, &route(&ours)).unwrap().unwrap();
    assert_eq!(new.metadata.resource_version, config.metadata.resource_version);
    assert_eq!(new.metadata.labels, config.metadata.labels);
    assert_eq!(changes.len(), 2);
    let path = "/inject/cluster/east/net/one";
    assert_eq!(changes[1].from, format!("istio-system/istiod:443{path}"));
    assert_eq!(changes[1].to, format!("mesh/pillion:8443{path}"));
    assert_eq!((changes[1].authorities, changes[1].then, changes[1].other_kind), (1, 2, false));
    let [first, second, other] = entries(&new) else { panic!("{new:?}") };
    assert_eq!(*other, entries(&config)[2]);
    for (new, old) in [(first, &entries(&config)[0]), (second, &entries(&config)[1])] {
        assert!(calls_us(new, &route(&ours).target));
        assert!(bundle(new).covers(&theirs) && bundle(new).covers(&ours));
        let without = |entry: &Value| {
            let mut entry = entry.clone();
            entry["clientConfig"] = Value::Null;
            entry
        };
        assert_eq!(without(new), without(old));
    }
    assert!(taken(&new, &route(&ours)).unwrap().is_none(), "a second time there is nothing to do");
}

#[test]
fn a_url_keeps_the_path_that_names_cluster_and_network() {
    let trust = authority();
    let mut config = istiods(&trust);
    config.data["webhooks"][0]["clientConfig"] = json!({"url": "https://istiod.example:15017/inject/cluster/west/net/two", "caBundle": encoded(&trust)});
    let new = take(&config, &by_url(&trust));
    let url = &entries(&new)[0]["clientConfig"]["url"];
    assert_eq!(url, "https://10.0.0.1:15017/inject/cluster/west/net/two");
    assert!(entries(&new)[0]["clientConfig"].get("service").is_none());
    let (_, changes) = taken(&config, &by_url(&trust)).unwrap().unwrap();
    assert!(!changes[0].other_kind && changes[1].other_kind);
    config.data["webhooks"][0]["clientConfig"] = json!({"url": "https://istiod.example"});
    let new = take(&config, &by_url(&trust));
    let url = &entries(&new)[0]["clientConfig"]["url"];
    assert_eq!(url, "https://10.0.0.1:15017/inject");
}

#[test]
fn giving_back_restores_every_byte() {
    let (theirs, ours) = (authority(), authority());
    let config = istiods(&theirs);
    let mut new = take(&config, &route(&ours));
    // Our program has kept the bundle right meanwhile: another authority of ours.
    let mut grown = bundle(&entries(&new)[0]);
    grown.extend(&authority());
    new.data["webhooks"][0]["clientConfig"]["caBundle"] = json!(encoded(&grown));
    let back = undone(&new, &route(&ours).target).unwrap().unwrap();
    assert_eq!(back.changed_since, [""; 0]);
    assert_eq!(back.changes.len(), 2);
    assert_eq!(serde_json::to_string(&back.config).unwrap(), serde_json::to_string(&config).unwrap());
    assert!(undone(&back.config, &route(&ours).target).unwrap().is_none());
}

#[test]
fn what_others_changed_meanwhile_stays_theirs() {
    let (theirs, ours) = (authority(), authority());
    let mut new = take(&istiods(&theirs), &route(&ours));
    new.data["webhooks"][1]["timeoutSeconds"] = json!(5);
    let back = undone(&new, &route(&ours).target).unwrap().unwrap();
    assert_eq!(back.changed_since, ["object.sidecar-injector.istio.io"]);
    let mut wanted = istiods(&theirs);
    wanted.data["webhooks"][1]["timeoutSeconds"] = json!(5);
    assert_eq!(back.config.data["webhooks"], wanted.data["webhooks"]);
}

#[test]
fn taken_again_after_helm_put_it_back_it_is_still_given_back_as_it_first_was() {
    let (theirs, ours) = (authority(), authority());
    let first = istiods(&theirs);
    let mut reverted = take(&first, &route(&ours));
    for entry in [0, 1] {
        // Helm leaves the caBundle, which its chart does not set.
        let service = entries(&first)[entry]["clientConfig"]["service"].clone();
        reverted.data["webhooks"][entry]["clientConfig"]["service"] = service;
    }
    let again = take(&reverted, &route(&ours));
    assert!(calls_us(&entries(&again)[0], &route(&ours).target));
    let back = undone(&again, &route(&ours).target).unwrap().unwrap();
    assert_eq!(back.config.data, first.data);
    // Undone at once, without taking it over again: the same.
    let back = undone(&reverted, &route(&ours).target).unwrap().unwrap();
    assert_eq!(back.config.data, first.data);
}

#[test]
fn what_another_pillion_has_or_what_was_damaged_is_left_alone() {
    let ours = authority();
    let new = take(&istiods(&authority()), &route(&ours));
    let mut other = route(&ours);
    other.target.service = "pillion-2".into();
    for refused in [taken(&new, &other).err(), undone(&new, &other.target).err()] {
        let text = refused.unwrap().to_string();
        assert!(text.contains("is taken over by mesh/pillion"), "{text}");
    }
    let mut damaged = new;
    damaged.annotations_mut().insert(ORIGINAL.to_owned(), "[{".to_owned());
    assert!(matches!(undone(&damaged, &route(&ours).target), Err(TakeoverError::Damaged { .. })));
}

#[test]
fn the_running_program_reads_what_was_kept() {
    use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
    let (theirs, ours) = (authority(), authority());
    let new = serde_json::to_value(take(&istiods(&theirs), &route(&ours))).unwrap();
    let typed: MutatingWebhookConfiguration = serde_json::from_value(new).unwrap();
    let target = route(&ours).target;
    use crate::cluster::registration::{Takeover, takeover};
    assert_eq!(takeover(&typed, &target), Takeover::Whole);
}
