//! The public admin port and the debug port, on their routers.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use pillion::http::{admin, debug};
use pillion::lifecycle::{Part, Readiness};
use pillion::source::{Origin, Status};
use pillion::telemetry::log::Level;

use crate::support::webhook::{ask, engine, get, ready};

fn status() -> Arc<Status> {
    Arc::new(Status::new(&Origin::Embedded))
}

fn private() -> Router {
    debug::router(engine(), status(), Level::fixed(), None)
}

#[tokio::test]
async fn health_does_not_wait_for_readiness() {
    let readiness = Arc::new(Readiness::default());
    let admin = admin::router(Arc::clone(&readiness), status(), Arc::clone(engine().metrics()));
    assert_eq!(get(&admin, "/healthz").await.status, StatusCode::OK);

    let unready = get(&admin, "/readyz").await;
    assert_eq!(unready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(unready.body.contains("[-]listener failed") && unready.body.ends_with("readyz check failed\n"));

    for part in [Part::Config, Part::Listener] {
        readiness.is_there(part);
    }
    readiness.certificate_until(i64::MAX);
    let good = get(&admin, "/readyz").await;
    assert_eq!((good.status, good.body.as_str()), (StatusCode::OK, "ok\n"));
    let verbose = get(&admin, "/readyz?verbose").await.body;
    assert_eq!(
        verbose,
        "[+]listener ok\n[+]config ok\n[+]certificate ok\n[+]not-stopping ok\nreadyz check passed\n"
    );
}

#[tokio::test]
async fn metrics_are_openmetrics_and_complete_from_the_start() {
    let admin = admin::router(ready(), status(), Arc::clone(engine().metrics()));
    let answered = get(&admin, "/metrics").await;
    assert!(answered.headers["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    for name in [
        "sidecar_injection_requests_total 0",
        "sidecar_injection_success_total 0",
        "sidecar_injection_failure_total 0",
        "sidecar_injection_skip_total 0",
        "pillion_config_stale 0",
        "pillion_config_loads_total 1",
        "pillion_certificate_stale 0",
    ] {
        assert!(answered.body.lines().any(|line| line == name), "{name} in\n{}", answered.body);
    }
    assert!(answered.body.contains(concat!(
        "pillion_build_info{version=\"",
        env!("CARGO_PKG_VERSION"),
        "\""
    )));
    assert!(answered.body.ends_with("# EOF\n"));
}

#[tokio::test]
async fn the_public_port_shows_no_configuration() {
    let admin = admin::router(ready(), status(), Arc::clone(engine().metrics()));
    for path in ["/debug/config", "/debug/mesh", "/log-level", "/inject"] {
        assert_eq!(get(&admin, path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert!(get(&admin, "/version").await.body.starts_with("pillion "));
}

#[tokio::test]
async fn the_debug_port_shows_what_is_in_use() {
    let answered = get(&private(), "/debug/config").await;
    let dump: serde_json::Value = serde_json::from_str(&answered.body).unwrap();
    assert_eq!(dump["source"], "the embedded Envoy profile");
    assert_eq!(dump["generation"], 1);
    assert_eq!(dump["revision"], "default");
    assert_eq!(dump["templates"][0], "sidecar");
    let mesh: serde_json::Value = serde_json::from_str(&get(&private(), "/debug/mesh").await.body).unwrap();
    assert!(mesh["defaultConfig"].is_object(), "{mesh}");
}

#[tokio::test]
async fn the_debug_port_answers_to_names_of_this_machine_only() {
    let from = |host: &str| Request::get("/debug/config").header("host", host).body(Body::empty()).unwrap();
    assert_eq!(ask(&private(), from("rebound.example:15016")).await.status, StatusCode::FORBIDDEN);
    assert_eq!(ask(&private(), from("127.0.0.1:15016")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_log_level_that_is_none_is_refused() {
    let put = |text: &'static str| Request::put("/log-level").body(Body::from(text)).unwrap();
    assert_eq!(ask(&private(), put("pillion=loud")).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(ask(&private(), put("debug")).await.status, StatusCode::OK);
}
