//! An API server that breaks: watches that end, expire or are torn, lists that fail. A real one is in `tests/e2e`; this one
//! does what a real one does seldom.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::harness::{Server, hold_out, within};

/// What is served, and what breaks.
#[derive(Default)]
struct Plane {
    /// Watches break, and every third list.
    breaks: AtomicBool,
    /// Which configuration it has.
    generation: AtomicUsize,
    broken: AtomicUsize,
    asked: AtomicUsize,
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
    if watches && generation > 0 && query.split('&').any(|part| part == "resourceVersion=1") {
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
    let config = format!(
        "policy: enabled\ndefaultTemplates: [sidecar]\ntemplates:\n  sidecar: |\n    spec:\n      containers:\n      - name: istio-proxy\n        image: proxy:{generation}\n"
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watches_that_expire_break_and_are_torn() {
    let test = concat!(file!(), "::watches_that_expire_break_and_are_torn");
    let plane = Arc::new(Plane::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(serve).with_state(Arc::clone(&plane));
    let served = tokio::spawn(async move { axum::serve(listener, router).await });
    let directory = tempfile::tempdir().unwrap();
    let kubeconfig = within(directory.path(), "kubeconfig");
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{{name: c, cluster: {{server: \"http://{address}\"}}}}]\ncontexts: [{{name: c, context: {{cluster: c, user: u}}}}]\nusers: [{{name: u, user: {{}}}}]\n"
    );
    std::fs::write(&kubeconfig, text).unwrap();
    let server = Server::start(&[
        "--config-source",
        "configmap",
        "--kubeconfig",
        &kubeconfig,
        "--namespace",
        "istio-system",
        "--events",
        "false",
    ]);
    for _ in 0..2000 {
        if server.is_ready().await {
            break;
        }
        sleep(Duration::from_millis(10)).await;
    }
    let what = "watches that expire (410), are torn or fail, and lists that fail";
    let of = Arc::clone(&plane);
    let server = hold_out(test, what, server, async move |_| {
        of.breaks.store(true, Ordering::Relaxed);
        sleep(Duration::from_secs(6)).await;
        of.breaks.store(false, Ordering::Relaxed);
        let broken = of.broken.load(Ordering::Relaxed);
        assert!(broken >= 5, "{broken}");
        format!("{broken} of them in 6 s")
    })
    .await;
    // It is followed again: what changes is taken into use.
    plane.generation.store(1, Ordering::Relaxed);
    let loads = server.metric("pillion_config_loads_total").await;
    for _ in 0..6000 {
        if server.metric("pillion_config_loads_total").await > loads {
            served.abort();
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("never followed again: {}", server.page("/readyz?verbose").await.1);
}
