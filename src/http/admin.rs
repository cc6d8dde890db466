//! The public admin port: liveness, readiness, metrics, version. Anyone in the cluster may read all of it.
//! Never: configuration, pods, or anything that changes something (that is `debug`).

use std::fmt::Write;
use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;

use crate::lifecycle::Readiness;
use crate::source::Status;
use crate::telemetry::Metrics;
use crate::telemetry::metrics::CONTENT_TYPE;

#[derive(Clone)]
struct Shared {
    readiness: Arc<Readiness>,
    status: Arc<Status>,
    metrics: Arc<Metrics>,
}

/// What the public admin listener serves.
pub fn router(readiness: Arc<Readiness>, status: Arc<Status>, metrics: Arc<Metrics>) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics_text))
        .route("/version", get(async || concat!("pillion ", env!("CARGO_PKG_VERSION"), "\n")))
        .with_state(Shared { readiness, status, metrics })
}

/// In the words of Kubernetes' own `/readyz?verbose`, and what is wrong with a configuration that was not taken.
async fn readyz(State(shared): State<Shared>, RawQuery(query): RawQuery) -> impl IntoResponse {
    let ready = shared.readiness.ready();
    let mut text = String::new();
    let verbose =
        query.is_some_and(|query| query.split('&').any(|part| part.split('=').next() == Some("verbose")));
    if verbose || !ready {
        for (name, good) in shared.readiness.checks() {
            let _ = writeln!(
                text,
                "[{}]{name} {}",
                if good { '+' } else { '-' },
                if good { "ok" } else { "failed" }
            );
        }
        if let Some(fault) = shared.status.fault() {
            let _ = match shared.readiness.is_configured() {
                true => writeln!(text, "[!]config is stale: the last good one is in use: {fault}"),
                false => writeln!(text, "[!]no config: {fault}"),
            };
        }
        text.push_str(if ready { "readyz check passed\n" } else { "readyz check failed\n" });
    } else {
        text.push_str("ok\n");
    }
    (if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, text)
}

async fn metrics_text(State(shared): State<Shared>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], shared.metrics.render())
}
