//! The webhook's own port: `/inject` with its parameters, and `/ready`. Status codes and texts are istiod's
//! (`serveInject`): 400 for a body that cannot be read, 415 for another content type, 200 with a review otherwise; and 503
//! for what cannot be answered in its time. Never: deciding; the engine does.

use std::num::NonZeroUsize;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::thread::available_parallelism;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use futures::FutureExt;
use percent_encoding::percent_decode_str;
use tokio::time::{Instant, timeout_at};

use super::caller::Caller;
use super::rejection::{Rejection, with_uid};
use super::turns::{Shed, Size, Turns};
use crate::body::{self, Budget, Holding, Received};
use crate::decisions::{DecisionLog, Decisions};
use crate::engine::{Engine, Preview, Reply};
use crate::lifecycle::Readiness;
use crate::notices::Notices;
use crate::record::Recorder;
use crate::report::Subject;
use crate::shadow;

/// Bodies above this are worked on beside the threads that serve connections, so that one does not hold up the others.
const LARGE: usize = 128 * 1024;
/// What all requests may take together: their bodies, and their answers until they are read.
pub(super) const BUDGET: usize = 256 * 1024 * 1024;
/// What a request takes beside its body and its answer.
const REQUEST: usize = 8 * 1024;
/// A client that asks for this gets the injected pod itself: for people, never for API servers.
const YAML: &str = "application/yaml";

#[derive(Clone)]
struct Shared {
    engine: Arc<Engine>,
    readiness: Arc<Readiness>,
    room: Arc<Budget>,
    turns: Arc<Turns>,
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
    let turns = Arc::new(Turns::new(available_parallelism().unwrap_or(NonZeroUsize::MIN)));
    let room = Budget::shared(BUDGET);
    let shared = Shared { engine, readiness, room, turns, decisions, notices, recorder };
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

/// A request whose body has not been read.
struct Asked {
    caller: Caller,
    head: Parts,
    path: String,
    preview: Preview,
    /// Whoever asks waits no longer.
    deadline: Instant,
}

impl Asked {
    fn new(caller: Caller, head: Parts) -> Self {
        let path = percent_decode_str(head.uri.path()).decode_utf8_lossy().into_owned();
        let preview = head.headers.get(header::ACCEPT).is_some_and(|accepted| accepted == YAML);
        let preview = if preview { Preview::Pod } else { Preview::No };
        let deadline = caller.arrived + shadow::patience(head.uri.query());
        Self { caller, head, path, preview, deadline }
    }
}

async fn inject(State(shared): State<Shared>, request: Request) -> Response {
    // API servers keep connections of HTTP/1.1 open and use them even when the Service no longer names us. Whoever is
    // told to leave with an answer is not in the middle of a request when we go.
    let leave = request.version() < Version::HTTP_2 && shared.readiness.is_stopping();
    let metrics = Arc::clone(shared.engine.metrics());
    let _in_flight = metrics.in_flight();
    let (head, body) = request.into_parts();
    let asked = Asked::new(Caller::current(), head);
    let (mut review, mut room) = (None, None);
    // Nothing that is left half-done is looked at but the review, which is there as a whole or not at all.
    let answered =
        AssertUnwindSafe(answer(&shared, &asked, body, &mut review, &mut room)).catch_unwind().await;
    let mut again = None;
    let (reply, subject) = match answered {
        Ok(Ok(answered)) => answered,
        Ok(Err(rejection)) => {
            again = rejection.shed(&metrics);
            if rejection.is_for_want_of_room() {
                asked.caller.connection.hurry();
            }
            (rejection.into_reply(), Subject::default())
        }
        Err(_) => {
            metrics.panics.inc();
            (Reply::internal("a panic on the way of the request"), Subject::default())
        }
    };
    let reply = with_uid(reply, &subject, review.as_deref());
    let took = asked.caller.arrived.elapsed();
    metrics.answered(&reply.report, took);
    // An answer that is there goes out, whatever becomes of those who are told of it.
    shared.engine.caught(|| tell(&shared, &asked, review.as_ref(), &reply, subject, took));
    let mut response = outgoing(reply, room);
    if let Some(seconds) = again {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if leave {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The answer; the review is left in `review`, and what is held for the request in `room`.
async fn answer(
    shared: &Shared,
    asked: &Asked,
    body: Body,
    review: &mut Option<Arc<Received>>,
    room: &mut Option<Holding>,
) -> Result<(Reply, Subject), Rejection> {
    trip!(asked.path, "begin");
    let first = body::first(&body);
    // Whoever has more open than its part is answered when some of it is; then there is still time for another try.
    let until = Instant::now() + asked.deadline.saturating_duration_since(Instant::now()) / 2;
    let budget = asked.caller.connection.room(&shared.room);
    let mut held = budget.hold_by(REQUEST + first, until).await.map_err(Rejection::Unread)?;
    let received = receive(&asked.head.headers, body, held.split(first)).await;
    *room = Some(held);
    let received = Arc::clone(review.insert(Arc::new(received?)));
    trip!(asked.path, "received");
    // The arguments are made only where the level is on.
    tracing::debug!(path = asked.path, body = &*String::from_utf8_lossy(received.bytes()), "received");
    decide(shared, asked, received).await.map_err(Rejection::Shed)
}

async fn receive(headers: &HeaderMap, body: Body, room: Holding) -> Result<Received, Rejection> {
    let received = body::read_into(room, body).await.map_err(Rejection::Unread)?;
    if received.bytes().is_empty() {
        return Err(Rejection::Empty);
    }
    if headers.get(header::CONTENT_TYPE).is_none_or(|found| found != "application/json") {
        return Err(Rejection::ContentType(text(headers, header::CONTENT_TYPE.as_str())));
    }
    Ok(received)
}

/// Has the review answered when it is its turn. What is remembered needs none.
async fn decide(shared: &Shared, asked: &Asked, received: Arc<Received>) -> Result<(Reply, Subject), Shed> {
    let Asked { path, preview, deadline, .. } = asked;
    let size = if received.bytes().len() < LARGE { Size::Small } else { Size::Large };
    if size == Size::Small
        && Instant::now() < *deadline
        && let Some(_here) = shared.turns.here()
    {
        trip!(path, "here");
        return Ok(shared.engine.admit(path, received.bytes(), *preview));
    }
    if let Some(known) = shared.engine.recall(path, received.bytes(), *preview) {
        return Ok(known);
    }
    let turn = {
        let _waiting = shared.engine.metrics().waiting();
        shared.turns.next(size, &asked.caller, *deadline).await?
    };
    let (engine, path, preview) = (Arc::clone(&shared.engine), path.clone(), *preview);
    let work = tokio::task::spawn_blocking(move || {
        // Given back when the work is done, also when nobody waits for it any more.
        let _turn = turn;
        trip!(path, "beside");
        engine.admit(&path, received.bytes(), preview)
    });
    match timeout_at(*deadline, work).await {
        Ok(Ok(answered)) => Ok(answered),
        Ok(Err(error)) => {
            shared.engine.metrics().panics.inc();
            Ok((Reply::internal(&error.to_string()), Subject::default()))
        }
        Err(_) => Err(Shed::Late),
    }
}

/// Tells all that want to know of an answer.
fn tell(
    shared: &Shared,
    asked: &Asked,
    review: Option<&Arc<Received>>,
    reply: &Reply,
    subject: Subject,
    took: std::time::Duration,
) {
    trip!(asked.path, "tell");
    if let Some(review) = review.filter(|_| reply.report.written && asked.preview == Preview::No) {
        shared.recorder.note(&asked.path, review);
    }
    shared.notices.note(&subject, &reply.report);
    if shared.decisions.tell(&subject.workload, &reply.report) {
        let trace = text(&asked.head.headers, "traceparent");
        reply.report.log(&Subject { path: asked.path.clone(), trace, ..subject }, took);
    }
}

fn text(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// An answer that is sent, and what is held for it until all of it is.
struct Outgoing {
    bytes: Vec<u8>,
    _room: Holding,
}

impl AsRef<[u8]> for Outgoing {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

fn outgoing(reply: Reply, room: Option<Holding>) -> Response {
    let headers = [(header::CONTENT_TYPE, reply.content_type), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    let body = match room {
        Some(mut room) => {
            room.grow(reply.body.len());
            Body::from(Bytes::from_owner(Outgoing { bytes: reply.body, _room: room }))
        }
        None => Body::from(reply.body),
    };
    (reply.status, headers, body).into_response()
}
