//! What the webhook answers, on the router, without a socket: istiod's statuses, bodies and verdicts.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pillion::decisions::DecisionLog;
use pillion::engine::Engine;
use pillion::http::admit;
use pillion::lifecycle::{Part, Readiness};
use pillion::telemetry::Metrics;
use serde_json::{Value, json};

use crate::support::webhook::{ask, engine, get, post, ready};
use crate::support::{POD, review, review_of};

fn webhook() -> Router {
    admit::router(engine(), ready(), DecisionLog::All)
}

fn parsed(body: &str) -> Value {
    serde_json::from_str(body).unwrap()
}

/// The object after the patch of an answer.
fn patched(object: &str, answer: &Value) -> Value {
    let patch = STANDARD.decode(answer["response"]["patch"].as_str().unwrap()).unwrap();
    let patch: json_patch::Patch = serde_json::from_slice(&patch).unwrap();
    let mut object = parsed(object);
    json_patch::patch(&mut object, &patch).unwrap();
    object
}

fn names(pod: &Value) -> Vec<&str> {
    let list = |key: &str| pod["spec"][key].as_array().map_or(&[][..], Vec::as_slice);
    list("containers").iter().chain(list("initContainers")).filter_map(|c| c["name"].as_str()).collect()
}

#[tokio::test]
async fn a_pod_gets_its_sidecar_in_both_versions() {
    for version in ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"] {
        let answered = post(&webhook(), "/inject", review_of(version, POD)).await;
        assert_eq!(answered.status, StatusCode::OK);
        assert_eq!(answered.headers["content-type"], "application/json");
        let answer = parsed(&answered.body);
        assert_eq!(answer["apiVersion"], version);
        assert_eq!(answer["kind"], "AdmissionReview");
        assert_eq!(answer["response"]["uid"], "u1");
        assert_eq!(answer["response"]["allowed"], true);
        assert_eq!(answer["response"]["patchType"], "JSONPatch");
        let pod = patched(POD, &answer);
        assert!(names(&pod).contains(&"envoy"), "{pod}");
        assert!(names(&pod).contains(&"app"), "{pod}");
    }
}

#[tokio::test]
async fn the_same_review_is_answered_with_the_same_bytes() {
    let webhook = webhook();
    let first = post(&webhook, "/inject", review(POD)).await.body;
    assert_eq!(first, post(&webhook, "/inject", review(POD)).await.body);
}

#[tokio::test]
async fn a_skipped_pod_is_admitted_without_a_patch() {
    let pod = r#"{"spec":{"hostNetwork":true,"containers":[{"name":"a","image":"b"}]}}"#;
    let answered = post(&webhook(), "/inject", review(pod)).await;
    assert_eq!(
        answered.body,
        r#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":"u1","allowed":true,"auditAnnotations":{"reason":"host_network","revision":"default","rule":"hostNetwork","verdict":"skipped"}}}"#
    );
}

#[tokio::test]
async fn what_istioctl_kube_inject_posts_is_injected() {
    let body = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "", "kind": {"group": "", "version": "", "kind": ""},
            "resource": {"group": "", "version": "", "resource": ""}, "namespace": "shop", "operation": "",
            "userInfo": {}, "object": parsed(POD), "oldObject": null, "options": null,
        },
    });
    let answer = parsed(&post(&webhook(), "/inject", body.to_string()).await.body);
    assert_eq!(answer["response"]["uid"], "");
    assert!(names(&patched(POD, &answer)).contains(&"envoy"));
}

#[tokio::test]
async fn every_method_and_every_parameter_path_is_answered() {
    let webhook = webhook();
    for path in ["/inject", "/inject/", "/inject/cluster/c1/net/n1", "/inject/:ENV:a=b"] {
        assert_eq!(
            parsed(&post(&webhook, path, review(POD)).await.body)["response"]["allowed"],
            true,
            "{path}"
        );
    }
    let put = Request::put("/inject").header("content-type", "application/json");
    assert_eq!(ask(&webhook, put.body(Body::from(review(POD))).unwrap()).await.status, StatusCode::OK);
    for path in ["/", "/validate", "/injector", "/metrics"] {
        assert_eq!(post(&webhook, path, review(POD)).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn bodies_that_cannot_be_read_get_istiods_statuses() {
    let webhook = webhook();
    let empty = get(&webhook, "/inject").await;
    assert_eq!((empty.status, empty.body.as_str()), (StatusCode::BAD_REQUEST, "no body found\n"));
    assert_eq!(empty.headers["content-type"], "text/plain; charset=utf-8");

    let large = post(&webhook, "/inject", vec![b' '; 6 * 1024 * 1024 + 1]).await;
    assert_eq!(
        (large.status, large.body.as_str()),
        (StatusCode::BAD_REQUEST, "Request entity too large: limit is 6291456\n")
    );

    for content_type in ["text/plain", "application/json; charset=utf-8", "APPLICATION/JSON"] {
        let request = Request::post("/inject").header("content-type", content_type);
        let answered = ask(&webhook, request.body(Body::from(review(POD))).unwrap()).await;
        assert_eq!(
            (answered.status, answered.body.as_str()),
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid Content-Type, want `application/json`\n"),
            "{content_type}"
        );
    }
    let without = ask(&webhook, Request::post("/inject").body(Body::from(review(POD))).unwrap()).await;
    assert_eq!(without.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn a_body_as_large_as_allowed_is_answered() {
    let annotation = "x".repeat(5 * 1024 * 1024);
    let pod = format!(
        r#"{{"metadata":{{"name":"p","annotations":{{"a":"{annotation}"}}}},"spec":{{"containers":[{{"name":"app","image":"i"}}]}}}}"#
    );
    let answer = parsed(&post(&webhook(), "/inject", review(&pod)).await.body);
    assert_eq!(answer["response"]["allowed"], true);
}

#[tokio::test]
async fn an_undecodable_body_is_answered_without_version_kind_and_uid() {
    let webhook = webhook();
    for body in ["{", "[]", "null", "\"x\"", r#"{"apiVersion":"v1","kind":"Pod"}"#, "\u{0}"] {
        let answered = post(&webhook, "/inject", body.to_owned()).await;
        assert_eq!(answered.status, StatusCode::OK, "{body}");
        assert!(
            answered
                .body
                .starts_with(r#"{"response":{"uid":"","allowed":false,"status":{"metadata":{},"message":""#),
            "{}",
            answered.body
        );
    }
}

#[tokio::test]
async fn a_review_without_request_is_refused_where_istiod_panics() {
    let answered =
        post(&webhook(), "/inject", r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}"#).await;
    let answer = parsed(&answered.body);
    assert_eq!(answer["apiVersion"], "admission.k8s.io/v1");
    assert_eq!(answer["response"]["allowed"], false);
    assert_eq!(answer["response"]["status"]["message"], "the AdmissionReview holds no request");
}

#[tokio::test]
async fn an_object_that_is_no_pod_is_refused_with_the_uid() {
    let webhook = webhook();
    for object in ["null", "[]", "\"pod\"", r#"{"spec":{"containers":{}}}"#, r#"{"spec":{"containers":[1]}}"#]
    {
        let answer = parsed(&post(&webhook, "/inject", review(object)).await.body);
        assert_eq!(answer["response"]["uid"], "u1", "{object}");
        assert_eq!(answer["response"]["allowed"], false, "{object}");
        assert!(answer["response"]["status"]["message"].as_str().is_some_and(|m| !m.is_empty()), "{object}");
    }
}

#[tokio::test]
async fn before_there_is_a_configuration_pods_are_refused_and_not_let_through() {
    let engine = Engine::new(Arc::new(Metrics::new("default")));
    let webhook = admit::router(engine, Arc::new(Readiness::default()), DecisionLog::All);
    let answer = parsed(&post(&webhook, "/inject", review(POD)).await.body);
    assert_eq!(answer["response"]["allowed"], false);
    assert_eq!(answer["response"]["uid"], "u1");
}

#[tokio::test]
async fn ready_tells_on_the_webhooks_port_too() {
    let readiness = Arc::new(Readiness::default());
    let webhook = admit::router(engine(), Arc::clone(&readiness), DecisionLog::All);
    assert_eq!(get(&webhook, "/ready").await.status, StatusCode::SERVICE_UNAVAILABLE);
    for part in [Part::Config, Part::Listener] {
        readiness.is_there(part);
    }
    readiness.certificate_until(i64::MAX);
    assert_eq!(get(&webhook, "/ready").await.status, StatusCode::OK);
    readiness.stop();
    assert_eq!(get(&webhook, "/ready").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_person_may_ask_for_the_pod_itself() {
    let webhook = webhook();
    let yaml = |body: String| {
        let request = Request::post("/inject").header("content-type", "application/json");
        request.header("accept", "application/yaml").body(Body::from(body)).unwrap()
    };
    let answered = ask(&webhook, yaml(review(POD))).await;
    assert_eq!(answered.headers["content-type"], "application/yaml");
    let pod = pillion_goyaml::parse(&answered.body).unwrap();
    let containers = pod.at(&["spec", "containers"]).unwrap().as_list().unwrap();
    assert!(containers.iter().any(|c| c.get("name").unwrap().as_str() == Some("envoy")), "{}", answered.body);
    // A refusal stays a review, with its message.
    let refused = ask(&webhook, yaml(review("[]"))).await;
    assert_eq!(parsed(&refused.body)["response"]["allowed"], false);
}

#[tokio::test]
async fn answers_are_counted_under_istios_names_and_ours() {
    let engine = engine();
    let metrics = Arc::clone(engine.metrics());
    let webhook = admit::router(engine, ready(), DecisionLog::All);
    post(&webhook, "/inject", review(POD)).await;
    post(&webhook, "/inject", review(r#"{"spec":{"hostNetwork":true}}"#)).await;
    post(&webhook, "/inject", review("[]")).await;
    get(&webhook, "/inject").await;
    let text = metrics.render();
    for line in [
        "sidecar_injection_requests_total 4",
        // istiod counts every review it answers, also refusals, and not what an HTTP status answers.
        "sidecar_injection_success_total 3",
        "sidecar_injection_failure_total 2",
        "sidecar_injection_skip_total 1",
        "sidecar_injection_time_seconds_count 4",
        r#"pillion_injections_total{result="injected",reason="injected",revision="default"} 1"#,
        r#"pillion_injections_total{result="skipped",reason="host_network",revision="default"} 1"#,
        r#"pillion_injections_total{result="refused",reason="bad_pod",revision="default"} 1"#,
        r#"pillion_injections_total{result="refused",reason="empty_body",revision="default"} 1"#,
        "pillion_panics_total 0",
        "pillion_requests_in_flight 0",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
    }
    let buckets: Vec<&str> = text
        .lines()
        .filter_map(|line| {
            line.strip_prefix("sidecar_injection_time_seconds_bucket{le=\"")?.split('"').next()
        })
        .collect();
    assert_eq!(buckets, ["0.1", "1.0", "3.0", "5.0", "10.0", "20.0", "30.0", "60.0", "+Inf"]);
}

#[tokio::test]
async fn whoever_is_answered_while_we_go_is_told_to_leave() {
    let readiness = ready();
    let webhook = admit::router(engine(), Arc::clone(&readiness), DecisionLog::All);
    let told = async || post(&webhook, "/inject", review(POD)).await.headers.get("connection").cloned();
    assert_eq!(told().await, None);
    readiness.stop();
    assert_eq!(told().await.unwrap(), "close");
}
