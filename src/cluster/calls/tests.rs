//! Which entries ask about which pods, and why not.

use super::*;
use serde_json::json;

fn configuration(entry: &Value) -> MutatingWebhookConfiguration {
    serde_json::from_value(json!({
        "metadata": {"name": "pillion-sidecar-injector", "labels": {"app.kubernetes.io/name": "pillion"}},
        "webhooks": [entry],
    }))
    .unwrap()
}

fn entry(changes: &Value) -> MutatingWebhookConfiguration {
    let mut entry = json!({
        "name": "namespace.sidecar-injector.pillion.dev",
        "clientConfig": {"service": {"namespace": "pillion", "name": "pillion"}},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
        "namespaceSelector": {"matchLabels": {"istio-injection": "enabled"}},
        "objectSelector": {"matchExpressions": [
            {"key": "sidecar.istio.io/inject", "operator": "NotIn", "values": ["false"]}]},
    });
    for (key, value) in changes.as_object().into_iter().flatten() {
        entry[key] = value.clone();
    }
    configuration(&entry)
}

fn pod(namespace: Option<&[(&str, &str)]>, labels: &Value) -> NewPod {
    NewPod {
        namespace: "shop".to_owned(),
        namespace_labels: namespace
            .map(|labels| labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()),
        pod: json!({"metadata": {"labels": labels}, "spec": {"hostNetwork": true}}),
    }
}

const ENABLED: Option<&[(&str, &str)]> = Some(&[("istio-injection", "enabled")]);

#[test]
fn every_condition_has_to_hold_and_the_one_that_does_not_is_named() {
    for (webhook, pod, asks, told) in [
        (entry(&json!({})), pod(ENABLED, &json!({})), Asks::Yes, "takes the pod"),
        (
            entry(&json!({})),
            pod(Some(&[]), &json!({})),
            Asks::No,
            "wants istio-injection=enabled: the namespace has no istio-injection",
        ),
        (
            entry(&json!({})),
            pod(ENABLED, &json!({"sidecar.istio.io/inject": "false"})),
            Asks::No,
            "wants sidecar.istio.io/inject!=false: the pod has sidecar.istio.io/inject=false",
        ),
        (
            entry(&json!({})),
            pod(None, &json!({})),
            Asks::Unknown,
            "the labels of the namespace are not known",
        ),
        (entry(&json!({"rules": []})), pod(ENABLED, &json!({})), Asks::No, "no rules at all"),
    ] {
        let calls = calls(&[webhook], &pod);
        assert_eq!(calls.asks, asks);
        let all: Vec<&str> =
            calls.entries[0].checks.iter().map(|check| &*check.why).chain([&*calls.why]).collect();
        assert!(all.iter().any(|why| why.contains(told)), "{all:?}");
    }
}

#[test]
fn match_conditions_are_evaluated_and_what_only_an_api_server_knows_is_unknown() {
    for (expression, asks) in [
        ("!has(object.spec.hostNetwork) || !object.spec.hostNetwork", Asks::No),
        ("object.spec.hostNetwork && request.operation == 'CREATE'", Asks::Yes),
        ("request.namespace.startsWith('sh')", Asks::Yes),
        ("authorizer.group('').resource('pods').check('get').allowed()", Asks::Unknown),
        ("object.spec.hostNetwork ||", Asks::Unknown),
        ("object.spec.nothing == 1", Asks::Unknown),
        ("request.userInfo.username == 'admin'", Asks::Unknown),
    ] {
        let webhook = entry(&json!({"matchConditions": [{"name": "c", "expression": expression}]}));
        assert_eq!(calls(&[webhook], &pod(ENABLED, &json!({}))).asks, asks, "{expression}");
    }
}

#[test]
fn istiods_webhook_counts_once_it_was_taken_over() {
    let istiods = |service: &str| -> MutatingWebhookConfiguration {
        serde_json::from_value(json!({
            "metadata": {"name": "istio-sidecar-injector", "labels": {"istio.io/rev": "default"}},
            "webhooks": [{
                "name": "namespace.sidecar-injector.istio.io", "sideEffects": "None",
                "clientConfig": {"service": {"namespace": "pillion", "name": service}},
                "admissionReviewVersions": ["v1"],
                "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
            }],
        }))
        .unwrap()
    };
    let ours = entry(&json!({"rules": []}));
    let asks = |service| calls(&[ours.clone(), istiods(service)], &pod(ENABLED, &json!({}))).asks;
    assert_eq!((asks("pillion"), asks("istiod")), (Asks::Yes, Asks::No));
    assert_eq!(calls(&[], &pod(ENABLED, &json!({}))).asks, Asks::No);
}

#[test]
fn labels_alone_tell_who_is_not_asked_and_leave_conditions_open() {
    let never = json!([{"name": "c", "expression": "false"}]);
    let all = [entry(&json!({"matchConditions": never}))];
    let labels = |pairs: &[(&str, &str)]| -> Labels {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let enabled = labels(&[("istio-injection", "enabled")]);
    for (namespace, pod, ours, may) in [
        (Some(&enabled), labels(&[]), true, true),
        (None, labels(&[]), true, true),
        (Some(&labels(&[])), labels(&[]), true, false),
        (Some(&enabled), labels(&[("sidecar.istio.io/inject", "false")]), true, false),
        (Some(&enabled), labels(&[]), false, false),
    ] {
        assert_eq!(may_take(&all, namespace, &pod, |_| ours), may, "{namespace:?} {pod:?} {ours}");
    }
}

#[test]
fn a_call_is_known_by_its_path_and_the_age_of_its_configuration() {
    for (client, path) in [
        (json!({"service": {"namespace": "n", "name": "s", "path": "/inject/net/n1"}}), "/inject/net/n1"),
        (json!({"url": "https://10.1.2.3:15017/inject/cluster/c"}), "/inject/cluster/c"),
        (json!({"url": "https://hook.example/mesh/inject"}), "/inject"),
        (json!({"service": {"namespace": "n", "name": "s"}}), "/inject"),
    ] {
        let mut configuration = entry(&json!({"clientConfig": client}));
        configuration.metadata.creation_timestamp =
            Some(serde_json::from_value(json!("1970-01-01T00:00:07Z")).unwrap());
        let calls = calls_by(&[configuration], &pod(ENABLED, &json!({})), |_, _| false);
        let seen = &calls.entries[0];
        assert_eq!((&*seen.path, seen.since, seen.reaches_us), (path, Some(7), false));
        assert_eq!(calls.asks, Asks::No, "nobody that reaches us");
    }
}
