//! The debug port: what shows or changes something. It listens on loopback only, and answers only requests that name
//! a loopback host, so that a web page cannot reach it through a name that resolves to 127.0.0.1.
//! Never: keys, and nothing of what the webhook was sent; what is explained here came with the question.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use kube::Client;
use pillion_govalue::{Map, Value, json};

use crate::clock::now;
use crate::cluster::calls::{Calls, Registered};
use crate::engine::Engine;
use crate::explain;
use crate::source::Status;
use crate::telemetry::log::Level;

#[derive(Clone)]
struct Shared {
    engine: Arc<Engine>,
    status: Arc<Status>,
    level: Level,
    cluster: Option<Client>,
}

/// What the debug listener serves.
pub fn router(engine: Arc<Engine>, status: Arc<Status>, level: Level, cluster: Option<Client>) -> Router {
    Router::new()
        .route("/debug/config", get(config))
        .route("/debug/mesh", get(mesh))
        .route("/explain", post(explain))
        .route("/log-level", get(level_get).put(level_put))
        .layer(from_fn(loopback_only))
        .with_state(Shared { engine, status, level, cluster })
}

async fn loopback_only(request: Request, next: Next) -> Response {
    let named = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    let named = named.or_else(|| request.uri().authority().map(|authority| authority.as_str()));
    if named.is_none_or(is_loopback) {
        next.run(request).await
    } else {
        (StatusCode::FORBIDDEN, "this port answers to localhost only\n").into_response()
    }
}

/// Whether a host, perhaps with a port, is this machine.
fn is_loopback(host: &str) -> bool {
    let bare = match host.rsplit_once(':') {
        Some((bare, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !bare.ends_with(':') => bare,
        _ => host,
    };
    let bare = bare.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// What is in use: where it comes from, since when, which templates, and what Pillion makes of it.
async fn config(State(shared): State<Shared>) -> Response {
    let Some(generation) = shared.engine.generation() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "no configuration is in use\n").into_response();
    };
    let snapshot = &generation.snapshot;
    let settings = &snapshot.settings;
    let names = |list: &[String]| Value::list(list.iter().map(|name| Value::from(name.clone())).collect());
    let text = |text: String| Value::from(text);
    let templates: Vec<Value<'_>> =
        snapshot.injector.templates.keys().map(|name| text(name.clone())).collect();
    let aliases: Map<'_> = snapshot.injector.aliases.iter().map(|(k, v)| (k.clone(), names(v))).collect();
    let dump: Map<'_> = [
        ("source", text(shared.status.source().to_owned())),
        ("generation", Value::Int(i64::try_from(generation.number).unwrap_or(i64::MAX))),
        ("since", Value::Int(generation.since)),
        ("fault", shared.status.fault().map_or(Value::Null, text)),
        ("revision", text(settings.revision.clone())),
        ("namespace", text(settings.namespace.clone())),
        ("nativeSidecars", text(format!("{:?}", settings.native_sidecars).to_lowercase())),
        ("platform", text(format!("{:?}", settings.platform).to_lowercase())),
        ("compliancePolicy", text(settings.compliance_policy.clone())),
        ("behavesLike", text(snapshot.level.to_string())),
        ("policy", text(format!("{:?}", snapshot.injector.policy).to_lowercase())),
        ("defaultTemplates", names(&snapshot.injector.default_templates)),
        ("templates", Value::list(templates)),
        ("aliases", Value::map(aliases)),
    ]
    .into_iter()
    .collect();
    as_json(&Value::map(dump))
}

async fn mesh(State(shared): State<Shared>) -> Response {
    match shared.engine.generation() {
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
async fn explain(State(shared): State<Shared>, Query(query): Query<Namespace>, manifest: String) -> Response {
    let Some(generation) = shared.engine.generation() else {
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
    let mut registered = match shared.cluster {
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
    let status = Arc::clone(&shared.status);
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

async fn level_get(State(shared): State<Shared>) -> String {
    shared.level.current() + "\n"
}

async fn level_put(State(shared): State<Shared>, text: String) -> Response {
    match shared.level.set(&text) {
        Ok(()) => {
            tracing::info!(level = text.trim(), "log level changed");
            (StatusCode::OK, shared.level.current() + "\n").into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_answered() {
        for good in ["localhost", "localhost:15016", "127.0.0.1:15016", "[::1]:15016", "::1", "127.8.8.8"] {
            assert!(is_loopback(good), "{good}");
        }
        for bad in ["example.org", "example.org:15016", "10.0.0.1:15016", "localhost.example.org", ""] {
            assert!(!is_loopback(bad), "{bad}");
        }
    }
}
