//! The one worker of shadow mode: compares answers one after the other. Where they differ, or are recorded, the review
//! is asked about once more without what may be secret: what is told and written are the answers to that. It asks for
//! differences once a second at most. Never: anybody who waits for it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::uri::PathAndQuery;
use axum::http::{Method, StatusCode};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use pillion_core::inject::Reason;
use pillion_govalue::Map;
use tokio::sync::mpsc;

use super::differences::Difference;
use super::{Answer, Differences, Job, Question, Upstream};
use crate::clock::now;
use crate::compare::{Incomparable, compare};
use crate::engine::{Engine, Preview};
use crate::record::{Store, recording, redact, text};
use crate::report::Subject;
use crate::telemetry::{Injector, Shadowed};
use crate::trial::change::Change;

/// How long the upstream may take over a review that is asked about once more.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is asked at most, where answers differ.
const PAUSE: Duration = Duration::from_secs(1);
/// Kinds of differences that have been logged; then no more are.
const MAX_KINDS: usize = 256;

pub(super) struct Worker {
    engine: Arc<Engine>,
    upstream: Arc<Upstream>,
    differences: Arc<Differences>,
    store: Option<Arc<Store>>,
    /// When the upstream was last asked about a difference.
    asked: Option<Instant>,
    logged: HashSet<Vec<String>>,
}

/// How an answer compares with ours.
struct Compared {
    outcome: Shadowed,
    changes: Vec<Change>,
    subject: Subject,
}

/// A review without what may be secret, and both answers to it.
struct Again {
    review: Map<'static>,
    body: String,
    at: i64,
    path: String,
    theirs: Answer,
}

impl Worker {
    pub(super) fn new(
        engine: Arc<Engine>,
        upstream: Arc<Upstream>,
        differences: Arc<Differences>,
        store: Option<Store>,
    ) -> Self {
        let store = store.map(Arc::new);
        Self { engine, upstream, differences, store, asked: None, logged: HashSet::new() }
    }

    /// Works until nobody notes answers any more.
    pub(super) async fn follow(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(job) = jobs.recv().await {
            let job = Arc::new(job);
            let (engine, work) = (Arc::clone(&self.engine), Arc::clone(&job));
            let compared = tokio::task::spawn_blocking(move || compared(&engine, &work)).await;
            // The engine catches its own panics; what is left is an error in comparing.
            let Ok(compared) = compared else {
                self.engine.metrics().panics.inc();
                self.engine.metrics().beside.shadowed(Shadowed::OursFailed);
                continue;
            };
            self.take(&job, compared).await;
        }
    }

    async fn take(&mut self, job: &Arc<Job>, compared: Compared) {
        let Compared { outcome, changes, subject } = compared;
        self.engine.metrics().beside.shadowed(outcome);
        let differs = outcome == Shadowed::Differ;
        let recorded =
            outcome != Shadowed::Unreadable && self.store.as_ref().is_some_and(|store| store.has_room());
        let due = self.asked.is_none_or(|at| at.elapsed() >= PAUSE);
        let again = if recorded || (differs && due) { self.again(job).await } else { None };
        if differs {
            self.asked = Some(Instant::now()).filter(|_| due).or(self.asked);
            self.tell(&job.target, &subject, changes, again.as_ref()).await;
        }
        let Some(store) = self.store.clone().filter(|_| recorded) else { return };
        let metrics = Arc::clone(self.engine.metrics());
        let Some(again) = again else { return metrics.recording("unanswered") };
        let written = tokio::task::spawn_blocking(move || {
            let answer = again.theirs.body.bytes();
            match recording::write(&again.review, &again.path, again.at, "upstream", answer) {
                Ok(text) => store.write(&text),
                Err(_) => metrics.recording("unreadable"),
            }
        });
        // The hook that the program installs has logged a panic.
        let _ = written.await;
    }

    /// Asks the upstream about a review without what may be secret.
    async fn again(&self, job: &Arc<Job>) -> Option<Again> {
        let work = Arc::clone(job);
        let redacted = tokio::task::spawn_blocking(move || {
            let review = redact(work.review.bytes()).ok()?;
            let body = text(&review);
            Some((review, body))
        });
        let (review, body) = redacted.await.ok().flatten()?;
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let question = Question {
            method: Method::POST,
            target: job.target.clone(),
            headers,
            body: body.clone().into_bytes().into(),
        };
        let at = now();
        let theirs = self.upstream.ask(question, PATIENCE).await.ok()?;
        let path = path(&job.target);
        (theirs.status == StatusCode::OK).then_some(Again { review, body, at, path, theirs })
    }

    /// Keeps a difference, and logs it if none of its kind was.
    async fn tell(
        &mut self,
        target: &PathAndQuery,
        subject: &Subject,
        changes: Vec<Change>,
        again: Option<&Again>,
    ) {
        let engine = Arc::clone(&self.engine);
        let redacted = again
            .map(|again| (again.at, again.path.clone(), again.body.clone(), Arc::clone(&again.theirs.body)));
        let shown = match redacted {
            None => Vec::new(),
            Some((at, path, body, theirs)) => tokio::task::spawn_blocking(move || {
                let (ours, _) = engine.admit_at(at, &path, body.as_bytes());
                compare(body.as_bytes(), theirs.bytes(), &ours.body).unwrap_or_default()
            })
            .await
            .unwrap_or_default(),
        };
        // What differs in hidden places only has no values that could be told.
        let (changes, values) = if shown.is_empty() { (changes, false) } else { (shown, true) };
        let time = Timestamp::from_second(now()).map(|at| at.to_string()).unwrap_or_default();
        let difference = Difference::of(time, subject, &path(target), changes, values);
        let kind: Vec<String> = difference.names().iter().map(|name| (*name).to_owned()).collect();
        if self.logged.len() < MAX_KINDS && self.logged.insert(kind) {
            let Difference { namespace, pod, .. } = &difference;
            let fields = difference.names().iter().take(5).copied().collect::<Vec<_>>().join(", ");
            let count = difference.fields.len() + difference.more;
            tracing::warn!(
                namespace,
                pod,
                fields,
                count,
                "answers differ: GET /differences at the debug port has the values"
            );
        }
        self.differences.push(difference);
    }
}

/// The path of a question, as the engine takes it.
fn path(target: &PathAndQuery) -> String {
    percent_decode_str(target.path()).decode_utf8_lossy().into_owned()
}

fn compared(engine: &Engine, job: &Job) -> Compared {
    let began = Instant::now();
    let (reply, subject) = engine.admit(&path(&job.target), job.review.bytes(), Preview::No);
    engine.metrics().beside.took(Injector::Pillion, began.elapsed());
    let failed = matches!(reply.report.reason, Reason::Internal | Reason::NotReady | Reason::Deadline);
    let (outcome, changes) = match compare(job.review.bytes(), job.answer.bytes(), &reply.body) {
        _ if failed => (Shadowed::OursFailed, Vec::new()),
        Ok(changes) if changes.is_empty() => (Shadowed::Same, changes),
        Ok(changes) => (Shadowed::Differ, changes),
        Err(Incomparable::Ours(_)) => (Shadowed::OursFailed, Vec::new()),
        Err(_) => (Shadowed::Unreadable, Vec::new()),
    };
    Compared { outcome, changes, subject }
}
