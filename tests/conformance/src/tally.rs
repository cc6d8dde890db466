//! [`Tally`]: what a run adds up, by configuration and in all. Numbers only; [`crate::report`] prints them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::answer::Verdict;
use crate::api_server::tally::Tally as Created;
use crate::compare::Difference;
use crate::coverage::Coverage;

/// Figures of one release and configuration, or of the whole run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Pods compared.
    pub total: usize,
    /// Of these, equal.
    pub same: usize,
    /// Pods that the oracle injected.
    pub injected: usize,
    /// Pods that the oracle let pass.
    pub skipped: usize,
    /// Pods that the oracle refused, or died of.
    pub refused: usize,
    /// Refusals by both.
    pub messages: usize,
    /// Of these, in the same words.
    pub same_messages: usize,
    /// Pods that Istio had injected before.
    pub again: usize,
    /// Of these, pods in which Pillion changed nothing.
    pub unchanged: usize,
    /// Pods that differ on purpose: left out.
    pub on_purpose: usize,
    /// Pods on which the oracle disagrees with itself: left out.
    pub undecided: usize,
}

impl Figures {
    /// Counts one verdict of the oracle.
    pub fn count(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Injected => self.injected += 1,
            Verdict::Skipped => self.skipped += 1,
            _ => self.refused += 1,
        }
    }

    /// Adds other figures to these.
    pub fn add(&mut self, other: &Self) {
        self.total += other.total;
        self.same += other.same;
        self.injected += other.injected;
        self.skipped += other.skipped;
        self.refused += other.refused;
        self.messages += other.messages;
        self.same_messages += other.same_messages;
        self.again += other.again;
        self.unchanged += other.unchanged;
        self.on_purpose += other.on_purpose;
        self.undecided += other.undecided;
    }
}

/// A pod whose answers differ.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Where the case was saved for `--replay`.
    pub saved: PathBuf,
    /// Release, configuration and case.
    pub title: String,
    /// Where the answers differ.
    pub differences: Vec<Difference>,
    /// Properties that are broken.
    pub broken: Vec<String>,
}

/// Everything a run found.
#[derive(Debug, Default)]
pub struct Tally {
    /// The seed of the random pods.
    pub seed: u64,
    /// Figures by release and configuration.
    pub by_configuration: BTreeMap<(String, String), Figures>,
    /// The first failures.
    pub failures: Vec<Failure>,
    /// How often each path differed, with one example.
    pub groups: BTreeMap<String, (usize, String)>,
    /// What fired how often.
    pub coverage: Coverage,
    /// Refusals of both whose texts differ: Istio's, Pillion's, how often.
    pub texts: BTreeMap<(String, String), usize>,
    /// Why Istio refused, in general terms, and how often.
    pub refusals: BTreeMap<String, usize>,
    /// What the API server said, where it was asked.
    pub api_server: Created,
    /// Whether everything ran, so that coverage may be demanded.
    pub complete: bool,
}

impl Tally {
    /// The figures of the whole run.
    #[must_use]
    pub fn all(&self) -> Figures {
        let mut all = Figures::default();
        self.by_configuration.values().for_each(|figures| all.add(figures));
        all
    }

    /// Takes in what one configuration found.
    pub fn merge(&mut self, other: Self, most_failures: usize) {
        for (key, figures) in other.by_configuration {
            self.by_configuration.entry(key).or_default().add(&figures);
        }
        let room = most_failures.saturating_sub(self.failures.len());
        self.failures.extend(other.failures.into_iter().take(room));
        for (path, (count, example)) in other.groups {
            self.groups.entry(path).or_insert((0, example)).0 += count;
        }
        for (texts, count) in other.texts {
            *self.texts.entry(texts).or_default() += count;
        }
        for (why, count) in other.refusals {
            *self.refusals.entry(why).or_default() += count;
        }
        self.coverage.merge(other.coverage);
        self.api_server.merge(other.api_server);
    }
}
