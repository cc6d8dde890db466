//! What a review's answer tells beside its verdict: audit annotations, warnings, and what an Event may be written of.
//! Never: the Event itself (unit tests and `tests/e2e`).

use std::sync::Arc;

use axum::Router;
use pillion::decisions::DecisionLog;
use pillion::http::admit;
use pillion::notices::{Matter, Notice, Notices};
use pillion::record::Recorder;
use serde_json::{Value, json};
use tokio::sync::mpsc::Receiver;

use crate::support::webhook::{engine, post, ready};
use crate::support::{POD, review, review_of};

/// A webhook, and what comes out of it for Events.
fn webhook() -> (Router, Receiver<Notice>) {
    let engine = engine();
    let (notices, receiver) = Notices::open(Arc::clone(engine.metrics()));
    (admit::router_with(engine, ready(), DecisionLog::All, notices, Recorder::off()), receiver)
}

async fn response(webhook: &Router, body: String) -> Value {
    let answered = post(webhook, "/inject", body).await;
    serde_json::from_str::<Value>(&answered.body).unwrap()["response"].take()
}

/// A pod of a ReplicaSet with these annotations, on the host's network or not.
fn owned(annotations: &Value, host_network: bool) -> String {
    json!({
        "metadata": {
            "generateName": "web-1-", "annotations": annotations,
            "ownerReferences": [
                {"apiVersion": "v1", "kind": "ConfigMap", "name": "other", "uid": "2"},
                {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1", "uid": "1", "controller": true},
            ],
        },
        "spec": {"hostNetwork": host_network, "containers": [{"name": "app", "image": "app:1"}]},
    })
    .to_string()
}

/// A review as an API server writes it: one that is remembered.
fn from_an_api_server(uid: &str, object: &str, dry_run: bool) -> String {
    format!(
        r#"{{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{{"uid":"{uid}","namespace":"shop","operation":"CREATE","object":{object},"dryRun":{dry_run}}}}}"#
    )
}

#[tokio::test]
async fn every_answer_says_why_to_the_audit_log() {
    let (webhook, _receiver) = webhook();
    let refused = owned(&json!({"sidecar.istio.io/interceptionMode": "SOMEHOW"}), false);
    let missing = owned(&json!({"inject.istio.io/templates": "sidecar,none"}), false);
    for version in ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"] {
        for (pod, expected) in [
            (
                POD,
                json!({"reason": "injected", "revision": "default", "rule": "policy", "templates": "sidecar", "verdict": "injected"}),
            ),
            (
                &*owned(&json!({}), true),
                json!({"reason": "host_network", "revision": "default", "rule": "hostNetwork", "verdict": "skipped"}),
            ),
            (
                &*refused,
                json!({"reason": "bad_annotation", "revision": "default", "rule": "policy", "verdict": "refused"}),
            ),
            (
                &*missing,
                json!({"reason": "template_missing", "revision": "default", "rule": "policy", "templates": "sidecar,none", "verdict": "refused"}),
            ),
            ("[]", json!({"reason": "bad_pod", "revision": "default", "verdict": "refused"})),
        ] {
            let answer = response(&webhook, review_of(version, pod)).await;
            assert_eq!(answer["auditAnnotations"], expected, "{version} {pod}");
        }
        // What is no review has no revision, but a reason.
        let answer = response(&webhook, "{".to_owned()).await;
        assert_eq!(answer["auditAnnotations"], json!({"reason": "not_a_review", "verdict": "refused"}));
    }
}

#[tokio::test]
async fn a_remembered_answer_tells_the_same() {
    let (webhook, mut receiver) = webhook();
    let pod = owned(&json!({"sidecar.istio.io/inject": "true"}), true);
    let mut answers = Vec::new();
    for uid in ["a-1", "b-2", "c-3", "d-4"] {
        let mut answer = response(&webhook, from_an_api_server(uid, &pod, false)).await;
        assert_eq!(answer["uid"].take(), uid);
        answers.push(answer);
        let notice = receiver.try_recv().expect(uid);
        assert_eq!(
            (&*notice.owner.kind, &*notice.owner.name, &*notice.owner.uid),
            ("ReplicaSet", "web-1", "1")
        );
        assert_eq!(notice.owner.namespace, "shop");
        let Matter::Answer(report) = &notice.matter else { panic!("{:?}", notice.matter) };
        assert!(report.note().starts_with("host_network: "), "{}", report.note());
    }
    assert_eq!(answers[0]["auditAnnotations"]["reason"], "host_network");
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
}

#[tokio::test]
async fn nothing_is_noted_for_a_dry_run_an_injection_or_a_pod_that_nobody_made() {
    let (webhook, mut receiver) = webhook();
    let skipped = owned(&json!({}), true);
    let refused = owned(&json!({"sidecar.istio.io/interceptionMode": "SOMEHOW"}), false);
    for round in 0..4 {
        for (of, pod, dry_run) in [
            (1, &*skipped, true),
            (2, &*refused, true),
            (3, &*owned(&json!({}), false), false),
            (4, POD, false),
        ] {
            response(&webhook, from_an_api_server(&format!("u-{round}-{of}"), pod, dry_run)).await;
        }
    }
    response(&webhook, review(r#"{"spec":{"hostNetwork":true}}"#)).await;
    assert!(receiver.try_recv().is_err());
    response(&webhook, from_an_api_server("x", &refused, false)).await;
    assert!(receiver.try_recv().is_ok(), "the same pod in earnest");
}

#[tokio::test]
async fn the_user_is_warned_of_what_is_deprecated_or_contradicts_itself() {
    let (webhook, _receiver) = webhook();
    let annotations = json!({"sidecar.istio.io/inject": "true", "sidecar.istio.io/discoveryAddress": "x:1"});
    let mut pod: Value = serde_json::from_str(&owned(&annotations, false)).unwrap();
    pod["metadata"]["labels"] = json!({"istio.io/dataplane-mode": "ambient"});
    let warnings = response(&webhook, review(&pod.to_string())).await["warnings"].take();
    let warnings: Vec<&str> = warnings.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for part in
        ["dataplane-mode=ambient", "sidecar.istio.io/inject is deprecated", "discoveryAddress is deprecated"]
    {
        assert!(warnings.iter().any(|warning| warning.contains(part)), "{part} in {warnings:?}");
    }
    assert!(warnings.len() == 3 && warnings.iter().all(|warning| warning.chars().count() <= 120));
    assert!(response(&webhook, review(POD)).await["warnings"].is_null());
}
