//! The webhook's own port: `/inject` with its parameters, and `/ready`. Status codes and texts are istiod's
//! (`serveInject`): 400 for a body that cannot be read, 415 for another content type, 200 with a review otherwise.
//! Never: deciding; the engine does.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use percent_encoding::percent_decode_str;
use pillion_core::inject::Reason;

use crate::body::{self, Budget, Received, Unread};
use crate::decisions::{DecisionLog, Decisions};
use crate::engine::{Engine, Preview, Reply};
use crate::lifecycle::Readiness;
use crate::notices::Notices;
use crate::record::Recorder;
use crate::report::{Report, Subject};

/// Bodies above this are worked on beside the threads that serve connections, so that one does not hold up the others.
const LARGE: usize = 128 * 1024;
/// What all bodies may take together.
pub(super) const BUDGET: usize = 256 * 1024 * 1024;
/// A client that asks for this gets the injected pod itself: for people, never for API servers.
const YAML: &str = "application/yaml";

#[derive(Clone)]
struct Shared {
    engine: Arc<Engine>,
    readiness: Arc<Readiness>,
    budget: Arc<Budget>,
    decisions: Arc<Decisions>,
    notices: Notices,
    recorder: Recorder,
}

/// What the webhook's listener serves, without Events and recordings.
pub fn router(engine: Arc<Engine>, readiness: Arc<Readiness>, log: DecisionLog) -> Router {
    router_with(engine, readiness, log, Notices::off(), Recorder::off())
}

/// What the webhook's listener serves.
pub fn router_with(
    engine: Arc<Engine>,
    readiness: Arc<Readiness>,
    log: DecisionLog,
    notices: Notices,
    recorder: Recorder,
) -> Router {
    let decisions = Arc::new(Decisions::new(log));
    let shared = Shared { engine, readiness, budget: Budget::new(BUDGET), decisions, notices, recorder };
    Router::new()
        .route("/inject", any(inject))
        .route("/inject/", any(inject))
        .route("/inject/{*parameters}", any(inject))
        .route("/ready", any(ready))
        .with_state(shared)
}

async fn ready(State(shared): State<Shared>) -> StatusCode {
    if shared.readiness.ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

async fn inject(State(shared): State<Shared>, request: Request) -> Response {
    let began = Instant::now();
    // API servers keep connections of HTTP/1.1 open and use them even when the Service no longer names us. Whoever is
    // told to leave with an answer is not in the middle of a request when we go.
    let leave = request.version() < Version::HTTP_2 && shared.readiness.is_stopping();
    let metrics = Arc::clone(shared.engine.metrics());
    let _in_flight = metrics.in_flight();
    let (head, body) = request.into_parts();
    let path = percent_decode_str(head.uri.path()).decode_utf8_lossy().into_owned();
    let (reply, subject) = match receive(&head.headers, body, &shared.budget).await {
        Err(rejection) => rejection.into_reply(),
        Ok(received) => {
            let preview = head.headers.get(header::ACCEPT).is_some_and(|accepted| accepted == YAML);
            let received = Arc::new(received);
            let answered = answer(&shared.engine, path.clone(), Arc::clone(&received), preview).await;
            if !preview {
                shared.recorder.note(&path, &received);
            }
            answered
        }
    };
    let took = began.elapsed();
    metrics.answered(&reply.report, took);
    shared.notices.note(&subject, &reply.report);
    if shared.decisions.tell(&subject.workload, &reply.report) {
        let trace = text(&head.headers, "traceparent");
        reply.report.log(&Subject { path, trace, ..subject }, took);
    }
    let mut response = reply.into_response();
    if leave {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

fn text(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

async fn receive(headers: &HeaderMap, body: Body, budget: &Arc<Budget>) -> Result<Received, Rejection> {
    let received = body::read(body, budget).await.map_err(Rejection::Unread)?;
    if received.bytes().is_empty() {
        return Err(Rejection::Empty);
    }
    if headers.get(header::CONTENT_TYPE).is_none_or(|found| found != "application/json") {
        return Err(Rejection::ContentType(text(headers, header::CONTENT_TYPE.as_str())));
    }
    Ok(received)
}

async fn answer(
    engine: &Arc<Engine>,
    path: String,
    received: Arc<Received>,
    preview: bool,
) -> (Reply, Subject) {
    let preview = if preview { Preview::Pod } else { Preview::No };
    // The arguments are made only where the level is on.
    tracing::debug!(path, body = &*String::from_utf8_lossy(received.bytes()), "received");
    if received.bytes().len() < LARGE {
        return engine.admit(&path, received.bytes(), preview);
    }
    if let Some(known) = engine.recall(&path, received.bytes(), preview) {
        return known;
    }
    let engine = Arc::clone(engine);
    tokio::task::spawn_blocking(move || engine.admit(&path, received.bytes(), preview))
        .await
        .unwrap_or_else(|error| (Reply::internal(&error.to_string()), Subject::default()))
}

/// The status that answers a body which was not read.
pub(super) const fn status_of(unread: &Unread) -> StatusCode {
    match unread {
        Unread::TooLarge | Unread::Broken(_) | Unread::Slow => StatusCode::BAD_REQUEST,
        Unread::NoRoom => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// A request that an HTTP status answers.
enum Rejection {
    Empty,
    Unread(Unread),
    ContentType(String),
}

impl Rejection {
    fn into_reply(self) -> (Reply, Subject) {
        let bad = StatusCode::BAD_REQUEST;
        let (status, reason, message, logged) = match self {
            Self::Empty => (bad, Reason::EmptyBody, "no body found".to_owned(), None),
            Self::Unread(unread) => {
                let reason = match unread {
                    Unread::TooLarge => Reason::BodyTooLarge,
                    Unread::Broken(_) | Unread::Slow | Unread::NoRoom => Reason::BodyUnreadable,
                };
                (status_of(&unread), reason, unread.to_string(), None)
            }
            Self::ContentType(found) => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                Reason::WrongContentType,
                "invalid Content-Type, want `application/json`".to_owned(),
                Some(format!("contentType={found}, expect application/json")),
            ),
        };
        let report = Report::rejected(reason, logged.unwrap_or_else(|| message.clone()));
        (
            Reply {
                status,
                content_type: "text/plain; charset=utf-8",
                body: (message + "\n").into_bytes(),
                report: Arc::new(report),
            },
            Subject::default(),
        )
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let headers =
            [(header::CONTENT_TYPE, self.content_type), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
        (self.status, headers, self.body).into_response()
    }
}
