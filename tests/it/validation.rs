//! `/validate-config` and `/validate-workload` on the router, without a socket: what is answered to reviews of ConfigMaps
//! and workloads, and to what is no review.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use pillion::http::validate;
use pillion::source::configmap::Names;
use pillion::source::embedded;
use pillion::trial::configmap::Judge;
use pillion_core::config::Settings;
use serde_json::{Value, json};

use crate::support::webhook::{engine, post};

fn router() -> Router {
    let settings = Settings::default();
    let names = Names::of(&settings, None);
    let judge = Judge::new(names, settings, Box::new(|| Ok(embedded::texts())));
    validate::router(engine(), Some(Arc::new(judge)))
}

async fn answer(path: &str, namespace: &str, object: &Value) -> Value {
    let review = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {"uid": "u1", "namespace": namespace, "operation": "UPDATE", "object": object},
    });
    let answered = post(&router(), path, review.to_string()).await;
    assert_eq!(answered.status, StatusCode::OK, "{}", answered.body);
    let answer: Value = serde_json::from_str(&answered.body).unwrap();
    assert_eq!(answer["response"]["uid"], "u1");
    answer["response"].clone()
}

fn map(template: &str) -> Value {
    let config = format!("policy: enabled\ntemplates:\n  sidecar: |\n    {template}\n");
    json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "istio-sidecar-injector"},
        "data": {"config": config, "values": "{}"},
    })
}

#[tokio::test]
async fn a_broken_template_is_refused_and_an_unknown_function_told() {
    let refused = answer("/validate-config", "istio-system", &map("spec: [")).await;
    assert_eq!(refused["allowed"], false);
    assert!(refused["status"]["message"].as_str().unwrap().contains("sidecar"), "{refused}");
    let told = answer("/validate-config", "istio-system", &map("spec: {{ newInIstio }}")).await;
    assert_eq!(told["allowed"], true);
    assert!(told["warnings"][0].as_str().unwrap().contains("newInIstio"), "{told}");
    let elsewhere = answer("/validate-config", "shop", &map("spec: [")).await;
    assert_eq!(elsewhere, json!({"uid": "u1", "allowed": true}));
}

#[tokio::test]
async fn a_workload_is_always_admitted_and_warnings_are_few_and_short() {
    let containers: Vec<Value> =
        (0..100).map(|n| json!({"name": format!("c{n}-{}", "x".repeat(200)), "image": "auto"})).collect();
    let object = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"template": {"spec": {"containers": containers}}},
    });
    let told = answer("/validate-workload/namespace/silent/rev/default", "shop", &object).await;
    assert_eq!(told["allowed"], true);
    let warnings = told["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 16);
    assert!(warnings.iter().all(|line| line.as_str().unwrap().chars().count() <= 120), "{told}");
    for object in
        [json!(null), json!([]), json!({"kind": 7}), json!({"apiVersion": "apps/v1", "kind": "Deployment"})]
    {
        let told = answer("/validate-workload/namespace/silent/rev/default", "shop", &object).await;
        assert_eq!(told, json!({"uid": "u1", "allowed": true}), "{object}");
    }
}

#[tokio::test]
async fn what_is_no_review_is_told_by_a_status() {
    for path in ["/validate-config", "/validate-workload", "/validate-workload/namespace/enabled"] {
        for body in
            ["", "{}", "null", "[", r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}"#]
        {
            assert_eq!(post(&router(), path, body).await.status, StatusCode::BAD_REQUEST, "{path} {body}");
        }
    }
    let without = validate::router(engine(), None);
    let review = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {"uid": "u", "namespace": "istio-system", "object": map("spec: [")},
    });
    assert!(post(&without, "/validate-config", review.to_string()).await.body.contains("\"allowed\":true"));
}
