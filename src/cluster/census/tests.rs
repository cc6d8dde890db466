//! Counting beside an API server that is a function: what it is asked, what the gauges say, and that neither a watch that
//! fails nor a pod that cannot be read loses what is known.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Mutex;

use axum::body::{Body, Bytes};
use axum::http::{Request, Response, StatusCode};
use pillion_core::config::{Cluster, Settings, Snapshot, Source, Sources as Texts};
use serde_json::{Value as Json, json};
use tokio::time::sleep;
use tower::service_fn;

use super::*;
use crate::telemetry::Metrics;

const CONFIG: &str = "policy: enabled\ndefaultTemplates: [sidecar]\ntemplates:\n  sidecar: |\n    spec:\n      \
                      containers:\n      - name: istio-proxy\n        image: example.org/proxy:1\n";

fn engine() -> Arc<Engine> {
    let sources = Texts {
        injector: Source { name: "config", text: CONFIG },
        values: Source { name: "values", text: "{}" },
        mesh: None,
        shared_mesh: None,
        proxy_configs: Vec::new(),
        annotations: None,
    };
    let engine = Engine::new(Arc::new(Metrics::new("default")));
    engine.replace(Snapshot::build(&sources, Settings::default(), Cluster::default()).unwrap().snapshot);
    engine
}

/// A cluster, and how often each path was asked for.
#[derive(Default)]
struct Fake {
    namespaces: Vec<Json>,
    pods: Vec<Json>,
    /// Paths that are refused.
    refused: Vec<&'static str>,
    asked: BTreeMap<String, usize>,
    /// Bodies of Events.
    events: Vec<Json>,
}

fn webhooks() -> Json {
    json!([{
        "metadata": {"name": "pillion", "creationTimestamp": "2026-01-02T00:00:00Z"},
        "webhooks": [{
            "name": "namespace.sidecar-injector.pillion.dev", "sideEffects": "None", "failurePolicy": "Fail",
            "clientConfig": {"service": {"namespace": "mesh", "name": "pillion", "path": "/inject"}},
            "admissionReviewVersions": ["v1"],
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
            "namespaceSelector": {"matchLabels": {"istio-injection": "enabled"}},
        }],
    }])
}

fn namespace(name: &str, labels: &Json) -> Json {
    json!({"metadata": {"name": name, "labels": labels, "resourceVersion": "1"}})
}

/// A pod of the StatefulSet `db`, older than the webhook.
fn pod(namespace: &str, name: &str) -> Json {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": namespace, "uid": format!("uid-of-{name}"), "resourceVersion": "1",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"apps.kubernetes.io/pod-index": name},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "s", "controller": true}],
        },
        "spec": {"containers": [{"name": "app", "image": "app:1"}]},
    })
}

fn answer(fake: &mut Fake, path: &str, is_watch: bool, body: &[u8]) -> (StatusCode, Option<Json>) {
    *fake.asked.entry(path.to_owned()).or_default() += usize::from(!is_watch);
    if fake.refused.contains(&path) {
        let message = json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "not you", "code": 403,
            "reason": "Forbidden",
        });
        return (StatusCode::FORBIDDEN, Some(message));
    }
    if is_watch {
        return (StatusCode::OK, None);
    }
    let list = |items: Json| json!({"metadata": {"resourceVersion": "1"}, "items": items});
    let found = match path {
        "/api/v1/namespaces" => Some(list(json!(fake.namespaces))),
        "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations" => Some(list(webhooks())),
        "/api/v1/pods" => Some(list(json!(fake.pods))),
        _ if path.ends_with("/events") => {
            let event: Json = serde_json::from_slice(body).unwrap();
            fake.events.push(event.clone());
            Some(event)
        }
        _ => fake
            .pods
            .iter()
            .find(|pod| {
                let text = |key: &str| pod["metadata"][key].as_str().unwrap();
                path == format!("/api/v1/namespaces/{}/pods/{}", text("namespace"), text("name"))
            })
            .cloned(),
    };
    let missing = || json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404, "reason": "NotFound", "message": "no"});
    match found {
        Some(found) => (StatusCode::OK, Some(found)),
        None => (StatusCode::NOT_FOUND, Some(missing())),
    }
}

/// Counts for so many seconds, and gives what the gauges say then.
async fn counted(fake: &Arc<Mutex<Fake>>, seconds: u64) -> String {
    let served = Arc::clone(fake);
    let service = service_fn(move |request: Request<kube::client::Body>| {
        let fake = Arc::clone(&served);
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect_bytes().await.unwrap();
            let is_watch = head.uri.query().is_some_and(|query| query.contains("watch="));
            let (status, found) = answer(&mut fake.lock().unwrap(), head.uri.path(), is_watch, &body);
            let body = match found {
                Some(found) => Body::from(found.to_string()),
                // A watch in a cluster where nothing happens.
                None => Body::from_stream(futures::stream::pending::<Result<Bytes, Infallible>>()),
            };
            let response = Response::builder().status(status).header("content-type", "application/json");
            Ok::<_, std::io::Error>(response.body(body).unwrap())
        }
    });
    let [namespace, name, replica] = ["mesh", "pillion-status", "pillion-0"].map(str::to_owned);
    let engine = engine();
    let plan = Plan {
        client: Client::new(service, "default"),
        holder: Holder { namespace: namespace.clone(), name, owner: None, replica },
        target: Target { namespace, service: "pillion".to_owned(), url: None },
        engine: Arc::clone(&engine),
        revision: "default".to_owned(),
        events: true,
    };
    tokio::select! {
        () = Box::pin(Census::new(plan).run()) => panic!("it has ended"),
        () = sleep(Duration::from_secs(seconds)) => {}
    }
    engine.metrics().render()
}

fn cluster() -> Arc<Mutex<Fake>> {
    Arc::new(Mutex::new(Fake {
        namespaces: vec![
            namespace("shop", &json!({"istio-injection": "enabled"})),
            namespace("other", &json!({})),
        ],
        pods: vec![pod("shop", "db-0"), pod("shop", "db-1"), pod("other", "db-0")],
        ..Fake::default()
    }))
}

const MISSING: &str = r#"pillion_pods{state="missing",reason="before_webhook",revision="default"} 2"#;

#[tokio::test(start_paused = true)]
async fn one_of_pods_that_are_alike_is_read_and_what_nobody_asks_us_about_is_not() {
    let fake = cluster();
    let gauges = counted(&fake, 11).await;
    assert!(gauges.contains(MISSING), "{gauges}");
    assert_eq!(gauges.matches("pillion_pods{").count(), 1, "{gauges}");
    assert!(gauges.contains(r#"pillion_pods_waiting{revision="default"} 0"#), "{gauges}");
    assert!(gauges.contains("pillion_pods_synced_timestamp_seconds{"), "{gauges}");
    let fake = fake.lock().unwrap();
    let read = fake.asked.iter().filter(|(path, _)| path.contains("/pods/"));
    let read: Vec<_> =
        read.map(|(path, count)| (path.starts_with("/api/v1/namespaces/shop/pods/db-"), *count)).collect();
    assert_eq!(read, [(true, 1)], "{:?}", fake.asked);
    let told: Vec<_> =
        fake.events.iter().map(|event| (&event["reason"], &event["regarding"]["name"])).collect();
    assert_eq!(told, [(&json!("SidecarMissing"), &json!("db"))]);
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_cannot_be_read_waits_and_is_not_asked_for_again_at_once() {
    let fake = cluster();
    fake.lock().unwrap().refused =
        vec!["/api/v1/namespaces/shop/pods/db-0", "/api/v1/namespaces/shop/pods/db-1"];
    let gauges = counted(&fake, 11).await;
    assert!(!gauges.contains("pillion_pods{"), "{gauges}");
    assert!(gauges.contains(r#"pillion_pods_waiting{revision="default"} 1"#), "{gauges}");
    let asked: usize = fake
        .lock()
        .unwrap()
        .asked
        .iter()
        .filter(|(path, _)| path.contains("/pods/"))
        .map(|(_, count)| count)
        .sum();
    assert!((1..=4).contains(&asked), "{asked}");
}

#[tokio::test(start_paused = true)]
async fn without_a_list_of_pods_nothing_is_in_sync_and_nothing_ends() {
    let fake = cluster();
    fake.lock().unwrap().refused = vec!["/api/v1/pods"];
    let gauges = counted(&fake, 120).await;
    assert!(gauges.contains("pillion_pods_waiting{") && !gauges.contains("pillion_pods{"), "{gauges}");
    assert!(!gauges.contains("pillion_pods_synced_timestamp_seconds{"), "{gauges}");
    let asked = fake.lock().unwrap().asked["/api/v1/pods"];
    assert!((2..12).contains(&asked), "{asked}: it is tried again, ever more slowly");
}
