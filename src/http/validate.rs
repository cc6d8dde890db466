//! What looks at objects while they are applied, on the webhook's own port: `/validate-config` answers for ConfigMaps of
//! the configuration, `/validate-workload` for workloads. Neither is on the way of a pod. Both are registered to fail
//! open, so that whatever goes wrong here admits the object, with a warning. Never: what is said of an object (that is
//! `trial`'s).

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use pillion_govalue::Value;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::body::{self, Budget};
use crate::engine::Engine;
use crate::report::{MAX_WARNING, shorten};
use crate::review::{self, Answer};
use crate::trial::advice::advice;
use crate::trial::asked::Place;
use crate::trial::configmap::{Answered, Judge};

/// What all bodies may take together: much less than those of pods.
const BUDGET: usize = 32 * 1024 * 1024;
/// How many are worked on at once, of each: a configuration is compiled three times, and pods must not wait for it.
const CONFIGS_AT_ONCE: usize = 1;
const WORKLOADS_AT_ONCE: usize = 2;
/// How long one waits for others: the API server waits little longer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Most lines that one message is broken into, and how the later ones begin.
const MAX_LINES: usize = 4;
const GOES_ON: &str = "… ";
/// Most warnings in one answer, as for pods.
const MAX_WARNINGS: usize = 16;
/// The path of each.
const CONFIG: &str = "/validate-config";
const WORKLOAD: &str = "/validate-workload";

#[derive(Clone)]
struct Shared {
    engine: Arc<Engine>,
    judge: Option<Arc<Judge>>,
    budget: Arc<Budget>,
    configs: Arc<Semaphore>,
    workloads: Arc<Semaphore>,
}

/// What the webhook's listener serves besides `/inject`. Without a judge no ConfigMap is looked at: the configuration is
/// in none.
pub fn router(engine: Arc<Engine>, judge: Option<Arc<Judge>>) -> Router {
    let room = |places| Arc::new(Semaphore::new(places));
    let (configs, workloads) = (room(CONFIGS_AT_ONCE), room(WORKLOADS_AT_ONCE));
    let shared = Shared { engine, judge, budget: Budget::new(BUDGET), configs, workloads };
    Router::new()
        .route(CONFIG, any(config))
        .route(WORKLOAD, any(workload))
        .route(&format!("{WORKLOAD}/{{*place}}"), any(workload))
        .with_state(shared)
}

async fn config(State(shared): State<Shared>, request: Request) -> Response {
    let (engine, judge) = (Arc::clone(&shared.engine), shared.judge.clone());
    answer(&shared, &shared.configs, request, move |_, object, namespace| {
        let Some(judge) = judge else { return Answered::default() };
        let generation = engine.generation();
        let answered = judge.judge(object, namespace, generation.as_ref().map(|known| &known.snapshot));
        let name = object.at(&["metadata", "name"]).and_then(Value::as_str).unwrap_or_default();
        let (allowed, warnings) = (answered.refusal.is_none(), answered.warnings.len());
        tracing::info!(namespace, name, allowed, warnings, "ConfigMap looked at");
        answered
    })
    .await
}

async fn workload(State(shared): State<Shared>, request: Request) -> Response {
    let engine = Arc::clone(&shared.engine);
    answer(&shared, &shared.workloads, request, move |path, object, namespace| {
        let place = Place::of_path(path.strip_prefix(WORKLOAD).unwrap_or_default());
        let generation = engine.generation();
        let snapshot = generation.as_ref().map(|known| &known.snapshot);
        Answered { refusal: None, warnings: advice(object, namespace, &place, snapshot) }
    })
    .await
}

/// Reads a review, lets `judge` look at its object beside the threads that serve, and answers.
async fn answer<J>(shared: &Shared, room: &Arc<Semaphore>, request: Request, judge: J) -> Response
where
    J: FnOnce(&str, &Value<'_>, &str) -> Answered + Send + 'static,
{
    let path = request.uri().path().to_owned();
    let (head, body): (_, Body) = request.into_parts();
    if head.headers.get(header::CONTENT_TYPE).is_none_or(|found| found != "application/json") {
        let message = "invalid Content-Type, want `application/json`\n";
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, message).into_response();
    }
    let received = match body::read(body, &shared.budget).await {
        Ok(received) => received,
        Err(unread) => return (StatusCode::BAD_REQUEST, format!("{unread}\n")).into_response(),
    };
    // The place is given back when the work is done, also when the API server has gone by then.
    let Ok(Ok(place)) = timeout(PATIENCE, Arc::clone(room).acquire_owned()).await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let metrics = Arc::clone(shared.engine.metrics());
    let judged = tokio::task::spawn_blocking(move || {
        let _place = place;
        reviewed(received.bytes(), |object, namespace| judge(&path, object, namespace))
    });
    match judged.await {
        Ok(Ok(body)) => (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Ok(Err(message)) => (StatusCode::BAD_REQUEST, message + "\n").into_response(),
        Err(_) => {
            // The hook that the program installs has logged it; the API server lets the object pass.
            metrics.panics.inc();
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The answer to a review as bytes.
fn reviewed(body: &[u8], judge: impl FnOnce(&Value<'_>, &str) -> Answered) -> Result<Vec<u8>, String> {
    let review = review::read(body).map_err(|error| error.to_string())?;
    let request = review.request.ok_or("the AdmissionReview holds no request")?;
    let object = request.object.value().map_err(|error| error.to_string())?;
    let Answered { refusal, warnings } = judge(&object, &request.namespace);
    let warnings: Vec<String> =
        warnings.iter().take(MAX_WARNINGS).flat_map(|text| lines(text)).take(MAX_WARNINGS).collect();
    let answer = Answer {
        allowed: refusal.is_none(),
        message: refusal.as_deref(),
        warnings: &warnings,
        ..Answer::default()
    };
    Ok(review::encode(Some(review.version), &request.uid, &answer))
}

/// A message as warnings: lines are broken between words where they are longer than a warning may be.
fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > MAX_WARNING {
            if lines.len() + 1 == MAX_LINES {
                line.push('…');
                break;
            }
            lines.push(std::mem::replace(&mut line, GOES_ON.to_owned()));
        } else if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines.iter().map(|line| shorten(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_becomes_a_few_lines_and_no_word_is_lost() {
        let words: Vec<String> = (0..40).map(|n| format!("word{n}")).collect();
        let all = lines(&words.join(" "));
        assert!(all.iter().all(|line| line.chars().count() <= MAX_WARNING), "{all:?}");
        let together: Vec<String> = all
            .iter()
            .flat_map(|line| line.trim_start_matches(GOES_ON).split(' ').map(str::to_owned))
            .collect();
        assert_eq!(together, words);
        let endless = lines(&"word ".repeat(10_000));
        assert!(endless.len() == MAX_LINES && endless[MAX_LINES - 1].ends_with('…'));
        assert_eq!(lines(&"x".repeat(500)).len(), 1);
        assert_eq!(lines("one\ntwo"), ["one two"]);
    }
}
