//! The debug port: what shows or changes something, and the page for people. It listens on loopback only, and `guard` holds
//! off web pages that would reach it through somebody's browser.
//! Never: keys, and nothing of what the webhook was sent; what is explained here came with the question.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use kube::Client;
use pillion_govalue::{Value, json};
use tokio::sync::watch;

use super::{guard, page, state};
use crate::clock::now;
use crate::cluster::calls::{Calls, Registered};
use crate::engine::Engine;
use crate::explain;
use crate::lifecycle::Readiness;
use crate::source::Status;
use crate::telemetry::log::Level;
use crate::tls::{Resolver, Trust};

/// What this port shows.
#[derive(Clone)]
pub struct Shown {
    /// What answers, with its configuration and its counts.
    pub engine: Arc<Engine>,
    /// Where the configuration comes from.
    pub status: Arc<Status>,
    /// What is there and what is not.
    pub readiness: Arc<Readiness>,
    /// The certificate in use.
    pub resolver: Arc<Resolver>,
    /// The authorities that API servers shall check it by.
    pub trust: watch::Receiver<Trust>,
    /// Why the certificate found last is not in use.
    pub certificate_fault: watch::Receiver<Option<String>>,
    /// Where certificates come from, for people.
    pub certificates: String,
    /// What is logged.
    pub level: Level,
    /// The cluster, where there is one.
    pub cluster: Option<Client>,
    /// Which replica this is.
    pub replica: String,
    /// When the process began, in seconds since the epoch.
    pub started: i64,
}

/// What the debug listener serves.
pub fn router(shown: Shown) -> Router {
    Router::new()
        .route("/", get(page::page))
        .route("/state", get(everything))
        .route("/debug/config", get(config))
        .route("/debug/mesh", get(mesh))
        .route("/explain", post(explain))
        .route("/log-level", get(level_get).put(level_put))
        // What has no route is guarded too.
        .layer(from_fn(guard::guard))
        .with_state(Arc::new(shown))
}

/// The process, for its page.
async fn everything(State(shown): State<Arc<Shown>>) -> Response {
    as_json(&state::state(&shown))
}

async fn config(State(shown): State<Arc<Shown>>) -> Response {
    match shown.engine.generation() {
        Some(generation) => as_json(&state::configuration(&shown, Some(&generation))),
        None => (StatusCode::SERVICE_UNAVAILABLE, "no configuration is in use\n").into_response(),
    }
}

async fn mesh(State(shown): State<Arc<Shown>>) -> Response {
    match shown.engine.generation() {
        Some(generation) => as_json(&generation.snapshot.mesh.config),
        None => (StatusCode::SERVICE_UNAVAILABLE, "no configuration is in use\n").into_response(),
    }
}

/// Most pods that are explained at once: each is worked out once more for each of its annotations.
const MOST_PODS: usize = 100;

/// The namespace of objects that name none.
#[derive(Debug, serde::Deserialize)]
struct Namespace {
    #[serde(default)]
    namespace: String,
}

/// Explains the pods of the manifest in the body, under the configuration in use (docs/explain.md).
async fn explain(
    State(shown): State<Arc<Shown>>,
    Query(query): Query<Namespace>,
    manifest: String,
) -> Response {
    let Some(generation) = shown.engine.generation() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "no configuration is in use\n").into_response();
    };
    let namespace = if query.namespace.is_empty() { "default" } else { &query.namespace };
    let subjects = match explain::subjects("the body", &manifest, namespace) {
        Ok(subjects) if subjects.is_empty() => {
            return (StatusCode::UNPROCESSABLE_ENTITY, "there is no pod in the body\n").into_response();
        }
        Ok(subjects) if subjects.len() > MOST_PODS => {
            let message = format!("{} pods in the body, {MOST_PODS} at most\n", subjects.len());
            return (StatusCode::UNPROCESSABLE_ENTITY, message).into_response();
        }
        Ok(subjects) => subjects,
        Err(error) => return (StatusCode::UNPROCESSABLE_ENTITY, format!("{error}\n")).into_response(),
    };
    let mut registered = match shown.cluster.clone() {
        Some(cluster) => Registered::of(cluster).await.map_err(|error| error.to_string()),
        None => Err("this Pillion speaks to no cluster".to_owned()),
    };
    let mut asked = Vec::with_capacity(subjects.len());
    for subject in subjects {
        let calls = match &mut registered {
            Ok(registered) => {
                let calls = registered.calls(&subject.namespace, explain::pod_as_json(&subject.pod)).await;
                calls.unwrap_or_else(|error| Calls::unknown(error.to_string()))
            }
            Err(why) => Calls::unknown(why.clone()),
        };
        asked.push((subject, calls));
    }
    let status = Arc::clone(&shown.status);
    // Each pod is worked out many times over: beside the threads that answer API servers.
    let told = tokio::task::spawn_blocking(move || {
        let snapshot = &generation.snapshot;
        let told = asked
            .into_iter()
            .map(|(subject, calls)| explain::explained(snapshot, subject, status.source(), calls, now()));
        told.collect::<Vec<_>>()
    });
    match told.await {
        Ok(told) => as_json(&explain::together(&told)),
        // The hook that the program installs has logged it.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn as_json(value: &Value<'_>) -> Response {
    let body = json::to_string(value, json::PLAIN) + "\n";
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

async fn level_get(State(shown): State<Arc<Shown>>) -> String {
    shown.level.current() + "\n"
}

async fn level_put(State(shown): State<Arc<Shown>>, text: String) -> Response {
    match shown.level.set(&text) {
        Ok(()) => {
            tracing::info!(level = text.trim(), "log level changed");
            (StatusCode::OK, shown.level.current() + "\n").into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
    }
}
