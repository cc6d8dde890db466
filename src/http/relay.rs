//! The webhook's own port in shadow mode: `/inject` is answered by another injector, with its status, its headers and its
//! body as they came. Where it gives no answer, whoever asked learns why, as if it had asked itself. And `/differences`
//! of the debug port. Never: an answer of our own, or waiting for one.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, StatusCode, Version, header};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use serde_json::{Map, Value, json};

use super::caller::Caller;
use super::rejection::{again, status_of};
use super::{admit, guard};
use crate::body::{self, Budget, Received};
use crate::lifecycle::Readiness;
use crate::shadow::{self, Answer, Desk, Differences, Failure, Question, Upstream};
use crate::telemetry::{Injector, Metrics, Shadowed};

#[derive(Clone)]
struct Shared {
    upstream: Arc<Upstream>,
    desk: Arc<Desk>,
    readiness: Arc<Readiness>,
    metrics: Arc<Metrics>,
    budget: Arc<Budget>,
}

/// What the webhook's listener serves in shadow mode.
pub fn router(
    upstream: Arc<Upstream>,
    desk: Arc<Desk>,
    readiness: Arc<Readiness>,
    metrics: Arc<Metrics>,
) -> Router {
    let budget = Budget::shared(admit::BUDGET);
    Router::new()
        .route("/inject", any(inject))
        .route("/inject/", any(inject))
        .route("/inject/{*parameters}", any(inject))
        .route("/ready", any(ready))
        .with_state(Shared { upstream, desk, readiness, metrics, budget })
}

async fn ready(State(shared): State<Shared>) -> StatusCode {
    if shared.readiness.ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

async fn inject(State(shared): State<Shared>, request: Request) -> Response {
    let began = Instant::now();
    // As `admit` has it: whoever is told to leave with an answer is not in the middle of a request when we go.
    let leave = request.version() < Version::HTTP_2 && shared.readiness.is_stopping();
    let _in_flight = shared.metrics.in_flight();
    let (head, body) = request.into_parts();
    let target = head.uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/inject"));
    let caller = Caller::current();
    let review = match body::read(body, caller.connection.room(&shared.budget)).await {
        Ok(review) => Arc::new(review),
        Err(unread) => {
            let again = again(&unread).map(|seconds| [(header::RETRY_AFTER, seconds.to_string())]);
            return (status_of(&unread), again, format!("{unread}\n")).into_response();
        }
    };
    let patience = shadow::patience(target.query()).saturating_sub(began.elapsed());
    let question =
        Question { method: head.method, target: target.clone(), headers: head.headers, body: review.share() };
    let asked = Instant::now();
    let answered = shared.upstream.ask(question, patience).await;
    let mut response = answer(&shared, &target, &review, answered, asked);
    if leave {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// What goes out; what is to be compared is noted.
fn answer(
    shared: &Shared,
    target: &PathAndQuery,
    review: &Arc<Received>,
    answered: Result<Answer, Failure>,
    asked: Instant,
) -> Response {
    shared.upstream.note(&answered);
    let beside = &shared.metrics.beside;
    match answered {
        Ok(Answer { status, headers, body }) => {
            if status == StatusCode::OK {
                beside.took(Injector::Upstream, asked.elapsed());
                shared.desk.note(target, review, &body);
            } else {
                beside.shadowed(Shadowed::UpstreamFailed);
            }
            let mut response = Response::new(Body::from(body.share()));
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            response
        }
        Err(failure) => {
            beside.shadowed(Shadowed::UpstreamFailed);
            let upstream = shared.upstream.address();
            tracing::debug!(%upstream, error = %failure, "the upstream does not answer");
            (failure.status(), format!("pillion shadow: the upstream {upstream}: {failure}\n"))
                .into_response()
        }
    }
}

/// What the debug listener serves beside the rest in shadow mode.
pub fn differences(differences: Arc<Differences>, metrics: Arc<Metrics>) -> Router {
    Router::new()
        .route("/differences", get(list))
        .layer(from_fn(guard::guard))
        .with_state((differences, metrics))
}

async fn list(State((differences, metrics)): State<(Arc<Differences>, Arc<Metrics>)>) -> Response {
    let counts =
        Shadowed::ALL.map(|outcome| (outcome.code().to_owned(), metrics.beside.count(outcome).into()));
    let counts: Map<String, Value> = counts.into_iter().collect();
    let told = json!({"schema": 1, "reviews": counts, "differences": differences.list()});
    ([(header::CONTENT_TYPE, "application/json")], format!("{told}\n")).into_response()
}
