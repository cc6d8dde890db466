//! What Events say, on whom, and that an owner which is not there gets none. The API server of these tests is a function.

use std::sync::Mutex;

use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use tower::service_fn;

use pillion_core::inject::Reason;

use super::*;
use crate::notices::Notices;
use crate::report::{Gap, Missing, Report, Subject};

fn owner(kind: &str, name: &str) -> Owner {
    let api_version = if kind == "Job" { "batch/v1" } else { "apps/v1" };
    let [api_version, kind, name] = [api_version, kind, name].map(str::to_owned);
    Owner { api_version, kind, namespace: "shop".to_owned(), uid: format!("uid-of-{name}"), name }
}

fn metadata(owner: &Owner, above: Option<&Owner>) -> ObjectMeta {
    let references = above.map(|above| {
        json!([{
            "apiVersion": above.api_version, "kind": above.kind, "name": above.name, "uid": above.uid,
            "controller": true,
        }])
    });
    serde_json::from_value(json!({"name": owner.name, "uid": owner.uid, "ownerReferences": references}))
        .unwrap()
}

#[test]
fn an_owner_is_found_by_its_uid_and_leads_to_what_is_above() {
    let (set, deployment) = (owner("ReplicaSet", "web-1"), owner("Deployment", "web"));
    assert_eq!(found(&set, None), Found::Gone);
    let other = Owner { uid: "another".to_owned(), ..set.clone() };
    assert_eq!(found(&set, Some(metadata(&other, None))), Found::Gone);
    assert_eq!(found(&set, Some(metadata(&set, None))), Found::Top);
    assert_eq!(found(&set, Some(metadata(&set, Some(&deployment)))), Found::Below(deployment));
}

#[test]
fn an_event_says_what_it_is_about_and_how_many_it_stands_for() {
    let set = owner("ReplicaSet", "web-1");
    let refused = Report::refused(Reason::BadAnnotation, "x".repeat(5000));
    let told = event(&Matter::Answer(Arc::new(refused)), Some(&set), 7);
    assert_eq!((told.type_, told.reason.as_str()), (EventType::Warning, "InjectionRefused"));
    assert_eq!(told.action, "BadAnnotation");
    assert_eq!(told.secondary.unwrap().uid.as_deref(), Some("uid-of-web-1"));
    let note = told.note.unwrap();
    assert!(note.starts_with("bad_annotation: xxx") && note.ends_with(" (7 pods)"), "{note}");
    assert!(note.len() <= super::super::events::MAX_NOTE);
}

#[test]
fn an_event_about_missing_sidecars_counts_pods_and_not_looks_at_them() {
    let missing = Matter::Missing(Missing { gap: Gap::SelectedLater, pods: 3 });
    let told = event(&missing, None, 5);
    assert_eq!((told.type_, told.reason.as_str()), (EventType::Warning, "SidecarMissing"));
    assert_eq!(told.action, "SelectedLater");
    assert!(told.note.unwrap().starts_with("selected_later: 3 pods run without the sidecar"));
}

/// An API server that has a ReplicaSet below a Deployment, and notes what is written.
fn api_server(written: &Arc<Mutex<Vec<Value>>>, refuses: bool) -> Client {
    let written = Arc::clone(written);
    let service = service_fn(move |request: Request<kube::client::Body>| {
        let written = Arc::clone(&written);
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect_bytes().await.unwrap();
            let (status, answer) = match (head.method, head.uri.path()) {
                (_, _) if refuses => {
                    let message = json!({
                        "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "not you",
                        "reason": "Forbidden", "code": 403,
                    });
                    (StatusCode::FORBIDDEN, message)
                }
                (Method::GET, "/apis/apps/v1/namespaces/shop/replicasets/web-1") => {
                    let metadata = metadata(&owner("ReplicaSet", "web-1"), Some(&owner("Deployment", "web")));
                    let kind = "PartialObjectMetadata";
                    let found = json!({"kind": kind, "apiVersion": "meta.k8s.io/v1", "metadata": metadata});
                    (StatusCode::OK, found)
                }
                (Method::POST, "/apis/events.k8s.io/v1/namespaces/shop/events") => {
                    let event: Value = serde_json::from_slice(&body).unwrap();
                    written.lock().unwrap().push(event.clone());
                    (StatusCode::CREATED, event)
                }
                (method, path) => panic!("{method} {path}"),
            };
            let response = Response::builder().status(status).header("content-type", "application/json");
            Ok::<_, std::io::Error>(response.body(Body::from(answer.to_string())).unwrap())
        }
    });
    Client::new(service, "default")
}

async fn noted(owners: &[Owner], report: Report, refuses: bool) -> (Vec<Value>, String) {
    let written = Arc::default();
    let metrics = Arc::new(Metrics::new("default"));
    let (notices, receiver) = Notices::open(Arc::clone(&metrics));
    let report = Arc::new(report);
    for owner in owners {
        let subject = Subject { owner: Some(Arc::new(owner.clone())), ..Subject::default() };
        notices.note(&subject, &report);
    }
    drop(notices);
    tell(api_server(&written, refuses), receiver, Arc::clone(&metrics), "pillion-0".to_owned()).await;
    let written = written.lock().unwrap().clone();
    (written, metrics.render())
}

#[tokio::test]
async fn a_rollout_is_one_event_on_the_replicaset_and_one_on_the_deployment() {
    let set = owner("ReplicaSet", "web-1");
    let report = Report::refused(Reason::BadAnnotation, "no");
    let (written, metrics) = noted(&vec![set; 50], report, false).await;
    let about: Vec<_> = written
        .iter()
        .map(|event| (event["regarding"]["kind"].as_str().unwrap(), event["type"].as_str().unwrap()))
        .collect();
    assert_eq!(about, [("ReplicaSet", "Warning"), ("Deployment", "Warning")]);
    assert_eq!(written[1]["related"]["kind"], "ReplicaSet");
    assert_eq!(written[0]["note"], "bad_annotation: no Correct the annotation that the message names.");
    for line in ["outcome=\"written\"} 2", "outcome=\"folded\"} 49"] {
        assert!(metrics.contains(line), "{metrics}");
    }
}

#[tokio::test]
async fn what_no_one_may_look_up_is_told_on_the_owner_alone() {
    let owners = [owner("StatefulSet", "db"), owner("Rollout", "web")];
    let (written, _) = noted(&owners, Report::refused(Reason::BadAnnotation, "no"), false).await;
    let about: Vec<_> = written.iter().map(|event| event["regarding"]["kind"].as_str().unwrap()).collect();
    assert_eq!(about, ["StatefulSet", "Rollout"]);
}

#[tokio::test]
async fn an_api_server_that_refuses_is_counted_and_stops_nothing() {
    let owners = [owner("ReplicaSet", "web-1"), owner("StatefulSet", "db")];
    let (written, metrics) = noted(&owners, Report::refused(Reason::BadAnnotation, "no"), true).await;
    assert!(written.is_empty() && metrics.contains("outcome=\"failed\"} 2"), "{metrics}");
}
