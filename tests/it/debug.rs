//! The debug port, on its router: whom it answers, what browsers are told, what it shows and what it does not. Its page in a
//! browser is tried in `tests/page`.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use pillion::decisions::DecisionLog;
use pillion::engine::Engine;
use pillion::http::{admit, debug};
use pillion::lifecycle::Readiness;
use pillion::source::reload::Reloader;
use pillion::source::{Origin, Status};
use pillion::telemetry::Metrics;
use pillion::tls::{Trust, ca};
use pillion_core::config::Settings;
use serde_json::Value;
use tokio::sync::watch;

use crate::support::webhook::{Answered, ask, engine, get, post, ready, shown};
use crate::support::{POD, config, review};

/// Every path that is there, with a method that it answers.
const ROUTES: [(Method, &str); 6] = [
    (Method::GET, "/"),
    (Method::GET, "/state"),
    (Method::GET, "/debug/config"),
    (Method::GET, "/debug/mesh"),
    (Method::POST, "/explain"),
    (Method::GET, "/log-level"),
];

fn private() -> Router {
    debug::router(shown(engine()))
}

async fn asked(method: &Method, path: &str, headers: &[(&str, &str)]) -> Answered {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let pod = format!(r#"{{"apiVersion":"v1","kind":"Pod",{}"#, &POD[1..]);
    ask(&private(), request.body(Body::from(pod)).unwrap()).await
}

async fn state(router: &Router) -> Value {
    serde_json::from_str(&get(router, "/state").await.body).unwrap()
}

#[tokio::test]
async fn names_of_this_machine_are_answered_on_every_route_and_no_others() {
    for (method, path) in &ROUTES {
        for good in ["localhost:8016", "127.0.0.1:15016", "[::1]:15016", "localhost"] {
            assert_eq!(asked(method, path, &[("host", good)]).await.status, StatusCode::OK, "{path} {good}");
        }
        for bad in ["rebound.example:15016", "10.0.0.1", "localhost.rebound.example", "0.0.0.0:15016"] {
            let answered = asked(method, path, &[("host", bad)]).await;
            assert_eq!(answered.status, StatusCode::FORBIDDEN, "{path} {bad}");
            assert!(answered.body.contains("localhost only"), "{}", answered.body);
        }
        assert_eq!(asked(method, path, &[]).await.status, StatusCode::FORBIDDEN, "{path} without a host");
    }
    let nowhere = asked(&Method::GET, "/nowhere", &[("host", "rebound.example")]).await;
    assert_eq!(nowhere.status, StatusCode::FORBIDDEN, "not even what there is can be found out");
}

#[tokio::test]
async fn pages_of_other_origins_are_not_answered() {
    let host = ("host", "localhost:8016");
    for (method, path) in &ROUTES {
        let own = asked(method, path, &[host, ("origin", "http://localhost:8016")]).await;
        assert_eq!(own.status, StatusCode::OK, "{path}");
        for foreign in
            ["http://localhost:8080", "https://example.org", "null", "file://", "http://127.0.0.1:8016"]
        {
            let answered = asked(method, path, &[host, ("origin", foreign)]).await;
            assert_eq!(answered.status, StatusCode::FORBIDDEN, "{path} {foreign}");
        }
    }
    let put = asked(&Method::PUT, "/log-level", &[host, ("origin", "http://localhost:8080")]).await;
    assert_eq!(put.status, StatusCode::FORBIDDEN);
    let preflight = [host, ("origin", "http://localhost:8080"), ("access-control-request-method", "PUT")];
    assert_eq!(asked(&Method::OPTIONS, "/log-level", &preflight).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn every_answer_keeps_browsers_from_keeping_guessing_embedding_and_reading() {
    let local = [("host", "localhost")];
    let mut answers = vec![
        asked(&Method::GET, "/nowhere", &local).await,
        asked(&Method::PUT, "/state", &local).await,
        asked(&Method::GET, "/", &[("host", "rebound.example")]).await,
    ];
    for (method, path) in &ROUTES {
        answers.push(asked(method, path, &local).await);
    }
    for Answered { status, headers, .. } in &answers {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cache-control", "no-store"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-embedder-policy", "require-corp"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(headers[name], value, "{status}");
        }
        assert_eq!(headers.get_all("content-security-policy").iter().count(), 1);
        let policy = headers["content-security-policy"].to_str().unwrap();
        for part in ["default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"]
        {
            assert!(policy.contains(part), "{status}: {policy}");
        }
        assert!(!headers.contains_key("access-control-allow-origin"));
    }
}

#[tokio::test]
async fn the_page_may_run_its_own_script_and_ask_this_port_only() {
    let page = asked(&Method::GET, "/", &[("host", "localhost")]).await;
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    assert!(page.body.starts_with("<!doctype html>"));
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    let parts: Vec<&str> = policy.split("; ").collect();
    assert!(
        parts.contains(&"connect-src 'self'") && parts.contains(&"require-trusted-types-for 'script'"),
        "{policy}"
    );
    for source in ["script-src 'sha256-", "style-src 'sha256-"] {
        assert_eq!(parts.iter().filter(|part| part.starts_with(source)).count(), 1, "{policy}");
    }
    let data = asked(&Method::GET, "/state", &[("host", "localhost")]).await;
    assert_eq!(data.headers["content-type"], "application/json");
    assert!(data.headers["content-security-policy"].to_str().unwrap().ends_with("; sandbox"));
}

#[tokio::test]
async fn only_the_log_level_can_be_changed() {
    let local = [("host", "localhost")];
    for (of, path) in &ROUTES {
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS]
        {
            let answers = method == *of || (method == Method::PUT && *path == "/log-level");
            let status = asked(&method, path, &local).await.status;
            assert_eq!(status != StatusCode::METHOD_NOT_ALLOWED, answers, "{method} {path}: {status}");
        }
    }
    let put = |text: &'static str| {
        Request::put("/log-level").header("host", "localhost").body(Body::from(text)).unwrap()
    };
    assert_eq!(ask(&private(), put("pillion=loud")).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(ask(&private(), put("debug")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_is_in_use_is_shown() {
    let private = private();
    let answered = get(&private, "/debug/config").await;
    let dump: Value = serde_json::from_str(&answered.body).unwrap();
    assert_eq!(dump["source"], "the embedded Envoy profile");
    assert_eq!(dump["generation"], 1);
    assert_eq!(dump["revision"], "default");
    assert_eq!(dump["templates"][0], "sidecar");
    assert_eq!(state(&private).await["configuration"], dump, "the state says the same");
    let mesh: Value = serde_json::from_str(&get(&private, "/debug/mesh").await.body).unwrap();
    assert!(mesh["defaultConfig"].is_object(), "{mesh}");
}

#[tokio::test]
async fn answers_are_counted_by_reason() {
    let engine = engine();
    let webhook = admit::router(Arc::clone(&engine), ready(), DecisionLog::Off);
    let router = debug::router(shown(engine));
    let before = state(&router).await;
    assert_eq!(before["answers"]["injected"], 0);
    let host = POD.replace(r#""spec":{"#, r#""spec":{"hostNetwork":true,"#);
    for body in [review(POD), review(POD), review(&host), "no review".to_owned()] {
        post(&webhook, "/inject", body).await;
    }
    let answers = state(&router).await["answers"].take();
    let figures = ["injected", "skipped", "refused"].map(|result| answers[result].as_u64().unwrap());
    assert_eq!(figures, [2, 1, 1]);
    let rows = answers["reasons"].as_array().unwrap();
    let count =
        |reason: &str| rows.iter().find(|row| row["reason"] == reason).map(|row| row["count"].clone());
    for (reason, counted) in [("injected", 2), ("host_network", 1), ("not_a_review", 1), ("bad_pod", 0)] {
        assert_eq!(count(reason), Some(counted.into()), "{reason}");
    }
    let host = rows.iter().find(|row| row["reason"] == "host_network").unwrap();
    assert_eq!(host["result"], "skipped");
    assert!(host["hint"].as_str().unwrap().contains("Remove hostNetwork"));
}

#[tokio::test]
async fn the_certificate_is_told_and_its_key_is_not() {
    let made =
        ca::self_signed(&["pillion.istio-system.svc".to_owned()], "127.0.0.1".parse().unwrap()).unwrap();
    let mut all = shown(engine());
    let none = state(&debug::router(all.clone())).await;
    assert_eq!(none["certificate"], serde_json::json!({"source": "nowhere", "fault": null}));
    assert_eq!(none["headline"]["tone"], "bad");
    all.resolver.set(&made.identity);
    all.trust = watch::Sender::new(Trust::from_pem(made.ca_pem.as_bytes())).subscribe();
    all.certificate_fault = watch::Sender::new(Some("tls.crt: torn".to_owned())).subscribe();
    let told = state(&debug::router(all)).await;
    let certificate = &told["certificate"];
    assert!(
        certificate["names"].as_array().unwrap().contains(&"pillion.istio-system.svc".into()),
        "{certificate}"
    );
    assert!(certificate["notAfter"].as_i64().unwrap() > told["now"].as_i64().unwrap());
    assert_eq!(certificate["fingerprint"].as_str().unwrap().len(), 64);
    assert_eq!(certificate["authorities"].as_array().unwrap().len(), 1);
    assert_eq!(certificate["fault"], "tls.crt: torn");
    let text = told.to_string();
    assert!(!text.contains("PRIVATE") && !text.contains("BEGIN"), "{text}");
    assert_eq!(told["headline"]["tone"], "warn");
    assert_eq!(told["headline"]["hint"], "tls.crt: torn");
}

#[tokio::test]
async fn a_configuration_has_a_fingerprint_and_shows_none_of_its_values() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    write("config", &config("proxy:1"));
    write("values", "global: {password: hunter2}");
    let origin = Origin::Directory(directory.path().to_owned());
    let mut all = shown(Engine::new(Arc::new(Metrics::new("default"))));
    all.status = Arc::new(Status::new(&origin));
    let router = debug::router(all.clone());
    let none = state(&router).await;
    assert_eq!(none["headline"]["says"], "No pod is injected: no configuration is in use.");
    assert!(none["configuration"].get("generation").is_none());

    let (engine, status) = (Arc::clone(&all.engine), Arc::clone(&all.status));
    let mut reloader = Reloader::new(origin.reader(None), Settings::default(), engine, status);
    let mut seen = Vec::new();
    for image in ["proxy:1", "proxy:2", "proxy:1"] {
        write("config", &config(image));
        reloader.look();
        let told = state(&router).await;
        assert!(!told.to_string().contains("hunter2"), "{told}");
        seen.push(told["configuration"]["fingerprint"].as_str().unwrap().to_owned());
    }
    assert!(seen[0] != seen[1] && seen[0] == seen[2] && seen[0].len() == 64, "{seen:?}");
    write("config", &config("{{ if }}"));
    reloader.look();
    let told = state(&router).await;
    assert!(told["configuration"]["fault"].as_str().unwrap().contains("template"), "{told}");
    assert_eq!(told["configuration"]["fingerprint"], seen[2].as_str(), "that of the one in use");
}

#[tokio::test]
async fn readiness_is_told_part_by_part() {
    let mut all = shown(engine());
    all.readiness = Arc::new(Readiness::default());
    let told = state(&debug::router(all)).await;
    assert_eq!(told["ready"], false);
    let failed: Vec<&str> = told["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["good"] == false)
        .map(|check| check["name"].as_str().unwrap())
        .collect();
    assert_eq!(failed, ["listener", "config", "certificate"]);
}
