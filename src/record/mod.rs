//! Reviews written down, without what may be secret, so that they can be answered again (`pillion replay`). It happens
//! beside the requests: what finds no room is counted and forgotten. What is answered again is the redacted review, and
//! that answer is what is recorded: so no answer can hold what the review does not.
//!
//! | file | owns |
//! |---|---|
//! | `redact` | a review without what may be secret |
//! | `recording` | the text of a file |
//! | `store` | files: bounded, whole, private |
//!
//! Never: what is answered to whom asked.

pub mod recording;
pub mod redact;
mod store;

use std::sync::Arc;

use pillion_govalue::{Value, json};
use tokio::sync::mpsc;

use crate::body::{Held, Received, Waiting};
use crate::clock::now;
use crate::engine::Engine;
use crate::telemetry::Metrics;
pub use redact::redact;
pub use store::{Place, Store};

/// Reviews that wait; and their bytes together.
const ROOM: usize = 64;
const BYTES: usize = 32 * 1024 * 1024;

/// Where reviews are noted that our own engine has answered.
#[derive(Clone, Default)]
pub struct Recorder(Option<Open>);

#[derive(Clone)]
struct Open {
    jobs: mpsc::Sender<Job>,
    waiting: Waiting,
    metrics: Arc<Metrics>,
}

struct Job {
    path: String,
    body: Held,
}

impl Recorder {
    /// Nothing is recorded.
    #[must_use]
    pub fn off() -> Self {
        Self::default()
    }

    /// A way to a directory, and the work at its end.
    pub fn open(store: Store, engine: Arc<Engine>) -> (Self, impl Future<Output = ()> + Send) {
        let (jobs, receiver) = mpsc::channel(ROOM);
        let (store, metrics) = (Arc::new(store), Arc::clone(engine.metrics()));
        let open = Open { jobs, waiting: Waiting::new(BYTES), metrics };
        (Self(Some(open)), follow(receiver, store, engine))
    }

    /// Notes a review. `path` is that of the URL.
    pub fn note(&self, path: &str, body: &Arc<Received>) {
        let Some(open) = &self.0 else { return };
        let held = open.waiting.hold(body);
        let sent = held.map(|body| open.jobs.try_send(Job { path: path.to_owned(), body }).is_ok());
        if sent != Some(true) {
            open.metrics.recording("dropped");
        }
    }
}

async fn follow(mut jobs: mpsc::Receiver<Job>, store: Arc<Store>, engine: Arc<Engine>) {
    while let Some(Job { path, body }) = jobs.recv().await {
        let (store, engine) = (Arc::clone(&store), Arc::clone(&engine));
        // The hook that the program installs has logged a panic.
        let _ = tokio::task::spawn_blocking(move || record(&store, &engine, &path, body.bytes())).await;
    }
}

fn record(store: &Store, engine: &Engine, path: &str, body: &[u8]) {
    if !store.has_room() {
        return;
    }
    let metrics = engine.metrics();
    let Ok(review) = redact(body) else { return metrics.recording("unreadable") };
    let at = now();
    let (reply, _) = engine.admit_at(at, path, text(&review).as_bytes());
    match recording::write(&review, path, at, "pillion", &reply.body) {
        Ok(text) => store.write(&text),
        Err(_) => metrics.recording("unreadable"),
    }
}

/// A redacted review as the body of a request.
#[must_use]
pub fn text(review: &pillion_govalue::Map<'static>) -> String {
    json::to_string(&Value::map(review.clone()), json::PLAIN)
}
