//! An API server with the ConfigMaps of Istio, whose watches end, expire or are torn and whose lists fail while it is told
//! to break. Never: anything else that an API server does; a real one is in `tests/e2e`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::harness::within;

/// What is served, and what breaks.
#[derive(Default)]
pub struct Plane {
    /// Watches break, and every third list.
    pub breaks: AtomicBool,
    /// Which configuration it has: its sidecar's image is `proxy:markN`. See [`Plane::is_faulty`].
    pub generation: AtomicUsize,
    /// What was answered by something broken.
    pub broken: AtomicUsize,
    asked: AtomicUsize,
}

impl Plane {
    /// Starts to serve it, and writes a kubeconfig for it into `directory`.
    pub async fn serve(self: &Arc<Self>, directory: &Path) -> (String, JoinHandle<()>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(serve).with_state(Arc::clone(self));
        let served = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let kubeconfig = within(directory, "kubeconfig");
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{{name: c, cluster: {{server: \"http://{address}\"}}}}]\ncontexts: [{{name: c, context: {{cluster: c, user: u}}}}]\nusers: [{{name: u, user: {{}}}}]\n"
        );
        std::fs::write(&kubeconfig, text).unwrap();
        (kubeconfig, served)
    }

    /// Whether the template of that configuration does not compile: every third one's, the first being good.
    pub const fn is_faulty(generation: usize) -> bool {
        generation % 3 == 2
    }

    /// What tells the program of it.
    pub fn arguments(kubeconfig: &str) -> [&str; 8] {
        [
            "--config-source",
            "configmap",
            "--kubeconfig",
            kubeconfig,
            "--namespace",
            "istio-system",
            "--events",
            "false",
        ]
    }
}

const EXPIRED: &str = r#"{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","message":"too old resource version: 1 (2)","code":410}}"#;

async fn serve(State(plane): State<Arc<Plane>>, request: Request) -> Response {
    let (path, query) =
        (request.uri().path().to_owned(), request.uri().query().unwrap_or_default().to_owned());
    let (asked, breaks) = (plane.asked.fetch_add(1, Ordering::Relaxed), plane.breaks.load(Ordering::Relaxed));
    let watches = query.contains("watch=");
    if breaks && (watches || asked.is_multiple_of(3)) {
        let broken = plane.broken.fetch_add(1, Ordering::Relaxed);
        return match broken % 5 {
            0 => (StatusCode::OK, format!("{EXPIRED}\n")).into_response(),
            1 => StatusCode::GONE.into_response(),
            2 => (StatusCode::OK, "{\"type\":\"MODI").into_response(),
            3 => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            _ => (StatusCode::OK, "").into_response(),
        };
    }
    let generation = plane.generation.load(Ordering::Relaxed);
    let current = format!("resourceVersion={}", generation + 1);
    if watches && !query.split('&').any(|part| part == current) {
        // What happened since is no longer known.
        return (StatusCode::OK, format!("{EXPIRED}\n")).into_response();
    }
    if watches {
        // Nothing happens until it ends, as API servers end watches.
        sleep(Duration::from_millis(500)).await;
        return (StatusCode::OK, "").into_response();
    }
    axum::Json(list(&path, &query, generation)).into_response()
}

/// A list of what is asked for: the ConfigMaps of Istio, and nothing else.
fn list(path: &str, query: &str, generation: usize) -> Value {
    let broken = if Plane::is_faulty(generation) { "{{ if }}" } else { "" };
    let config = format!(
        "policy: enabled\ndefaultTemplates: [sidecar]\ntemplates:\n  sidecar: |\n    spec:\n      containers:\n      - name: istio-proxy\n        image: proxy:mark{generation}{broken}\n"
    );
    let data = match query {
        _ if !path.ends_with("/configmaps") => None,
        _ if query.contains("istio-sidecar-injector") => {
            Some(("istio-sidecar-injector", json!({"config": config, "values": "{}"})))
        }
        _ => Some(("istio", json!({"mesh": "defaultConfig: {}"}))),
    };
    let version = (generation + 1).to_string();
    let items: Vec<Value> = data
        .into_iter()
        .map(|(name, data)| {
            json!({"metadata": {"name": name, "namespace": "istio-system", "resourceVersion": version}, "data": data})
        })
        .collect();
    let kind = match path.rsplit('/').next() {
        Some("configmaps") => ("ConfigMapList", "v1"),
        Some("nodes") => ("NodeList", "v1"),
        _ => ("ProxyConfigList", "networking.istio.io/v1beta1"),
    };
    json!({"kind": kind.0, "apiVersion": kind.1, "metadata": {"resourceVersion": version}, "items": items})
}
