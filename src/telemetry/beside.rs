//! [`Beside`]: the time series of what happens beside the requests: reviews that another injector answers and whose
//! answers are held against ours, and reviews that are recorded. Never: what an answer means.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Buckets for both injectors, in seconds: one answers in microseconds, the other over a network.
const BUCKETS: [f64; 14] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// What became of a review in shadow mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shadowed {
    /// Both answers are the same.
    Same,
    /// They differ.
    Differ,
    /// We had no answer: no configuration yet, or an error in this program.
    OursFailed,
    /// The other answer, or the review, cannot be read.
    Unreadable,
    /// There was no room to compare them.
    Dropped,
    /// It was not in the sample.
    Unsampled,
    /// The other injector gave no answer, or another status than 200.
    UpstreamFailed,
}

impl Shadowed {
    /// Each of them.
    pub const ALL: [Self; 7] = [
        Self::Same,
        Self::Differ,
        Self::OursFailed,
        Self::Unreadable,
        Self::Dropped,
        Self::Unsampled,
        Self::UpstreamFailed,
    ];

    /// The label.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Differ => "differ",
            Self::OursFailed => "ours_failed",
            Self::Unreadable => "unreadable",
            Self::Dropped => "dropped",
            Self::Unsampled => "unsampled",
            Self::UpstreamFailed => "upstream_failed",
        }
    }
}

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Injector {
    /// The one in front of which we are.
    Upstream,
    /// This one.
    Pillion,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Who {
    injector: &'static str,
}

/// The series.
#[derive(Clone)]
pub struct Beside {
    reviews: Family<Outcome, Counter>,
    failures: Family<Reason, Counter>,
    duration: Family<Who, Histogram, fn() -> Histogram>,
    recordings: Family<Outcome, Counter>,
}

impl Default for Beside {
    fn default() -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(BUCKETS);
        Self {
            reviews: Family::default(),
            failures: Family::default(),
            duration: Family::new_with_constructor(histogram),
            recordings: Family::default(),
        }
    }
}

impl Beside {
    pub(super) fn register(&self, to: &mut Registry) {
        to.register(
            "pillion_shadow_reviews",
            "Reviews that the upstream answered in shadow mode, by how its answer compares with ours",
            self.reviews.clone(),
        );
        to.register(
            "pillion_shadow_upstream_failures",
            "Reviews that the upstream did not answer with 200, and why",
            self.failures.clone(),
        );
        to.register(
            "pillion_shadow_duration_seconds",
            "Time to the answer in shadow mode, by who answers",
            self.duration.clone(),
        );
        to.register(
            "pillion_recordings",
            "Reviews that were to be recorded, by what became of them",
            self.recordings.clone(),
        );
    }

    /// A review came to this in shadow mode.
    pub fn shadowed(&self, outcome: Shadowed) {
        self.reviews.get_or_create(&Outcome { outcome: outcome.code() }).inc();
    }

    /// How many reviews have come to this.
    #[must_use]
    pub fn count(&self, outcome: Shadowed) -> u64 {
        self.reviews.get(&Outcome { outcome: outcome.code() }).map_or(0, |counter| counter.get())
    }

    /// The upstream gave no answer.
    pub fn upstream_failed(&self, reason: &'static str) {
        self.failures.get_or_create(&Reason { reason }).inc();
    }

    /// Somebody has answered after this time.
    pub fn took(&self, who: Injector, time: Duration) {
        let injector = match who {
            Injector::Upstream => "upstream",
            Injector::Pillion => "pillion",
        };
        self.duration.get_or_create(&Who { injector }).observe(time.as_secs_f64());
    }

    pub(super) fn recording(&self, outcome: &'static str) {
        self.recordings.get_or_create(&Outcome { outcome }).inc();
    }
}
