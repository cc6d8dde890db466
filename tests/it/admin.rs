//! The public admin port, on its router.

use std::sync::Arc;

use axum::http::StatusCode;
use pillion::http::admin;
use pillion::lifecycle::{Part, Readiness};
use pillion::source::{Origin, Status};

use crate::support::webhook::{engine, get, ready};

fn status() -> Arc<Status> {
    Arc::new(Status::new(&Origin::Embedded))
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
    for path in ["/", "/state", "/explain", "/debug/config", "/debug/mesh", "/log-level", "/inject"] {
        assert_eq!(get(&admin, path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert!(get(&admin, "/version").await.body.starts_with("pillion "));
}
