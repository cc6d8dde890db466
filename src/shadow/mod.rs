//! Shadow mode: another injector answers, and ours is held against it. The answer that goes out is the upstream's; what
//! we would have answered is found out beside it, for a sample, by one worker that nobody waits for.
//!
//! ```text
//! review ─ http::relay ─ upstream ───────────────────────── its answer, byte for byte
//!                           └ Desk, a bounded way ─ worker ─ compare ─ Metrics, Differences
//!                                                     └ redact ─ upstream and engine once more ─ record
//! ```
//!
//! | file | owns |
//! |---|---|
//! | `upstream` | asking the other injector |
//! | `worker` | comparing answers, and recording them |
//! | `differences` | the last answers that differed |
//!
//! Never: an answer of our own.

pub mod differences;
pub mod upstream;
mod worker;

use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::uri::PathAndQuery;
use foldhash::quality::RandomState;
use tokio::sync::mpsc;

use crate::body::{Held, Received, Waiting};
use crate::engine::Engine;
use crate::record::Store;
use crate::telemetry::{Metrics, Shadowed};
pub use differences::Differences;
pub use upstream::{Address, Answer, Failure, Question, Upstream};
use worker::Worker;

/// Answers that wait to be compared; and the bytes of them and their reviews together.
const ROOM: usize = 64;
const BYTES: usize = 32 * 1024 * 1024;

/// Where answers of the upstream are noted.
pub struct Desk {
    jobs: mpsc::Sender<Job>,
    waiting: Waiting,
    sample: Sample,
    metrics: Arc<Metrics>,
}

/// A review and the upstream's answer to it.
struct Job {
    target: PathAndQuery,
    review: Held,
    answer: Held,
}

impl Desk {
    /// A desk for `percent` of the answers, and the work at its end.
    pub fn open(
        percent: f64,
        engine: Arc<Engine>,
        upstream: Arc<Upstream>,
        differences: Arc<Differences>,
        store: Option<Store>,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let (jobs, receiver) = mpsc::channel(ROOM);
        let metrics = Arc::clone(engine.metrics());
        let desk = Self { jobs, waiting: Waiting::new(BYTES), sample: Sample::new(percent), metrics };
        (desk, Worker::new(engine, upstream, differences, store).follow(receiver))
    }

    /// Notes an answer with status 200. Nobody waits: what finds no room is counted.
    pub fn note(&self, target: &PathAndQuery, review: &Arc<Received>, answer: &Arc<Received>) {
        if !self.sample.takes() {
            return self.metrics.beside.shadowed(Shadowed::Unsampled);
        }
        let held = self.waiting.hold(review).zip(self.waiting.hold(answer));
        let sent = held.map(|(review, answer)| {
            self.jobs.try_send(Job { target: target.clone(), review, answer }).is_ok()
        });
        if sent != Some(true) {
            self.metrics.beside.shadowed(Shadowed::Dropped);
        }
    }
}

/// Takes some of many, without a pattern that what comes in turns could fall into.
#[derive(Debug)]
struct Sample {
    /// Of 2^64.
    share: u64,
    all: bool,
    seed: RandomState,
    next: AtomicU64,
}

impl Sample {
    fn new(percent: f64) -> Self {
        let share = (percent / 100.0).clamp(0.0, 1.0);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is between 0 and 2^64"
        )]
        let of_all = (share * 18_446_744_073_709_551_616.0) as u64;
        Self { share: of_all, all: share >= 1.0, seed: RandomState::default(), next: AtomicU64::new(0) }
    }

    fn takes(&self) -> bool {
        self.all || self.seed.hash_one(self.next.fetch_add(1, Ordering::Relaxed)) < self.share
    }
}

/// How long an API server waits that has called with this query: `timeout=10s`. It says so itself; where it does not,
/// it waits no longer than webhooks may take at all.
#[must_use]
pub fn patience(query: Option<&str>) -> Duration {
    const MOST: f64 = 30.0;
    let given = query.unwrap_or_default().split('&').find_map(|part| part.strip_prefix("timeout="));
    let seconds = given.and_then(|text| {
        let (number, factor) = match text.strip_suffix("ms") {
            Some(number) => (number, 0.001),
            None => (text.strip_suffix('s')?, 1.0),
        };
        number.parse::<f64>().ok().map(|number| number * factor)
    });
    Duration::from_secs_f64(seconds.filter(|it| *it > 0.0 && *it <= MOST).unwrap_or(MOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_about_as_large_as_it_was_asked_for() {
        let taken = |percent: f64| {
            let sample = Sample::new(percent);
            (0..10_000).filter(|_| sample.takes()).count()
        };
        assert_eq!((taken(0.0), taken(100.0)), (0, 10_000));
        let tenth = taken(10.0);
        assert!((700..1300).contains(&tenth), "{tenth}");
    }

    #[test]
    fn the_time_is_the_one_that_the_api_server_waits() {
        for (query, millis) in [
            (Some("timeout=10s"), 10_000),
            (Some("a=b&timeout=500ms"), 500),
            (Some("timeout=1.5s"), 1_500),
            (Some("timeout=10h"), 30_000),
            (Some("timeout=99s"), 30_000),
            (Some("timeout=-1s"), 30_000),
            (Some("timeout=NaNs"), 30_000),
            (Some(""), 30_000),
            (None, 30_000),
        ] {
            assert_eq!(patience(query), Duration::from_millis(millis), "{query:?}");
        }
    }
}
