//! Strangers at the webhook's door: reviews torn, hurt and blown up, on the router without a socket. Every answer has a
//! status, a refusal has a message and the request's uid, the log stays one line a request, and no panic is caught.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::StatusCode;
use pillion::decisions::DecisionLog;
use pillion::http::admit;
use pillion::report::{Report, Subject};
use pillion_core::inject::Reason;
use serde_json::{Value, json};

use crate::support::webhook::{Answered, engine, post, ready};
use crate::support::{POD, review};

/// What every answer owes. Gives whether the pod was admitted.
fn sound(answered: &Answered, uid: Option<&str>, of: &str) -> bool {
    let of = of.chars().take(500).collect::<String>();
    if answered.status != StatusCode::OK {
        assert!(answered.status.is_client_error() && !answered.body.is_empty(), "{}: {of}", answered.status);
        return false;
    }
    let answer: Value = serde_json::from_str(&answered.body).unwrap_or_else(|e| panic!("{e}: {of}"));
    let response = &answer["response"];
    if let Some(uid) = uid {
        assert_eq!(response["uid"], uid, "{of}");
    }
    if response["allowed"] == true {
        return true;
    }
    let message = response["status"]["message"].as_str().unwrap_or_default();
    assert!(!message.is_empty() && message.len() <= 16 * 1024, "{} bytes: {of}", message.len());
    assert!(response.get("patch").is_none(), "a refusal with a patch: {of}");
    false
}

fn no_panics(text: &str) {
    assert!(text.lines().any(|line| line == "pillion_panics_total 0"), "a panic was caught");
}

#[tokio::test]
async fn a_review_cut_off_anywhere_is_answered() {
    let engine = engine();
    let router = admit::router(Arc::clone(&engine), ready(), DecisionLog::All);
    let whole = review(POD);
    for end in 0..whole.len() {
        let answered = post(&router, "/inject", whole[..end].to_owned()).await;
        assert!(!sound(&answered, None, &whole[..end]), "a torn review was admitted: {}", &whole[..end]);
    }
    no_panics(&engine.metrics().render());
}

#[tokio::test]
async fn a_review_with_any_byte_changed_is_answered() {
    let engine = engine();
    let router = admit::router(Arc::clone(&engine), ready(), DecisionLog::All);
    let whole = review(POD).into_bytes();
    for at in 0..whole.len() {
        for byte in [0, b'"', b'{', b']', b'\\', 0xff] {
            let mut torn = whole.clone();
            torn[at] = byte;
            let text = String::from_utf8_lossy(&torn).into_owned();
            sound(&post(&router, "/inject", torn).await, None, &text);
        }
    }
    no_panics(&engine.metrics().render());
}

#[tokio::test]
async fn every_place_of_a_review_may_hold_anything() {
    let engine = engine();
    let router = admit::router(Arc::clone(&engine), ready(), DecisionLog::All);
    let strange = [
        "null",
        "5",
        "-1e400",
        "\"\\ud800\"",
        "\"\\u0000\"",
        "[]",
        "[[1]]",
        "{}",
        "{\"a\":{\"a\":null}}",
        "true",
    ];
    for key in ["apiVersion", "kind", "request", "response"] {
        for value in strange {
            let body = review(POD).replacen('{', &format!("{{\"{key}\":{value},"), 1);
            sound(&post(&router, "/inject", body.clone()).await, None, &body);
            let body = format!("{},\"{key}\":{value}}}", review(POD).strip_suffix('}').unwrap());
            sound(&post(&router, "/inject", body.clone()).await, None, &body);
        }
    }
    for key in [
        "object",
        "oldObject",
        "namespace",
        "operation",
        "userInfo",
        "kind",
        "resource",
        "options",
        "dryRun",
        "name",
    ] {
        for value in strange {
            let body = format!(
                r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{"uid":"u9","object":{POD},"{key}":{value}}}}}"#
            );
            let answered = post(&router, "/inject", body.clone()).await;
            let uid = answered.body.contains("\"kind\"").then_some("u9");
            sound(&answered, uid, &body);
        }
    }
    no_panics(&engine.metrics().render());
}

fn many(count: usize, item: impl Fn(usize) -> Value) -> Value {
    (0..count).map(item).collect()
}

#[tokio::test]
async fn pods_of_a_hundred_thousand_parts_are_answered() {
    let engine = engine();
    let router = admit::router(Arc::clone(&engine), ready(), DecisionLog::All);
    let pod = || serde_json::from_str::<Value>(POD).unwrap();
    let (mut env, mut annotations, mut containers, mut nested) = (pod(), pod(), pod(), pod());
    env["spec"]["containers"][0]["env"] = many(100_000, |i| json!({"name": format!("E{i}")}));
    annotations["metadata"]["annotations"] =
        Value::Object((0..100_000).map(|i| (format!("a{i}"), Value::from("v"))).collect());
    containers["spec"]["containers"] = many(100_000, |i| json!({"name": format!("c{i}"), "image": "x"}));
    nested["metadata"]["annotations"] = json!({"inject.istio.io/templates": ",".repeat(100_000)});
    for (name, pod, admitted) in [
        ("env", env, true),
        ("annotations", annotations, true),
        ("containers", containers, true),
        ("commas", nested, false),
    ] {
        let answered = post(&router, "/inject", review(&pod.to_string())).await;
        assert_eq!(sound(&answered, Some("u1"), name), admitted, "{name}: {:.300}", answered.body);
    }
    let deep = review(&("[".repeat(1_000_000) + &"]".repeat(1_000_000)));
    assert!(!sound(&post(&router, "/inject", deep).await, None, "deep"));
    no_panics(&engine.metrics().render());
}

#[tokio::test]
async fn urls_may_hold_anything() {
    let engine = engine();
    let router = admit::router(Arc::clone(&engine), ready(), DecisionLog::All);
    let long = "/inject".to_owned() + &"/a/b".repeat(5_000);
    for path in [
        "/inject/%00/%ff",
        "/inject/cluster/%2F%2e%2e",
        "/inject/:ENV:cluster=%0a:ENV:=",
        "/inject/cluster/",
        "/inject//",
        "/inject/net/n?x=%",
        "/inject/%F0%9F%98%80/%ED%A0%80",
        &long,
    ] {
        assert!(sound(&post(&router, path, review(POD)).await, Some("u1"), path), "{path:.80}");
    }
    no_panics(&engine.metrics().render());
}

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_stranger_writes_no_log_lines() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    tracing::subscriber::with_default(subscriber, || {
        let forged = "x\n2026-01-01T00:00:00Z ERROR forged\u{1b}[31m";
        let of = || forged.to_owned();
        let subject = Subject {
            uid: of(),
            namespace: of().into(),
            pod: of().into(),
            workload: of().into(),
            path: of(),
            trace: of(),
            owner: None,
        };
        for reason in [Reason::BadPod, Reason::Internal] {
            Report::refused(reason, forged).log(&subject, Duration::from_micros(1));
        }
    });
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
}
