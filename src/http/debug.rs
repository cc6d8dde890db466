//! The debug port: what shows or changes something. It listens on loopback only, and answers only requests that name
//! a loopback host, so that a web page cannot reach it through a name that resolves to 127.0.0.1.
//! Never: keys, and nothing of what the webhook was sent.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use pillion_govalue::{Map, Value, json};

use crate::engine::Engine;
use crate::source::Status;
use crate::telemetry::log::Level;

#[derive(Clone)]
struct Shared {
    engine: Arc<Engine>,
    status: Arc<Status>,
    level: Level,
}

/// What the debug listener serves.
pub fn router(engine: Arc<Engine>, status: Arc<Status>, level: Level) -> Router {
    Router::new()
        .route("/debug/config", get(config))
        .route("/debug/mesh", get(mesh))
        .route("/log-level", get(level_get).put(level_put))
        .layer(from_fn(loopback_only))
        .with_state(Shared { engine, status, level })
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
