//! [`Decisions`]: which answers get a line in the log: each, none, or those that are news, where a workload's pods get
//! another answer than its last one got. Never: what the line says.

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use foldhash::quality::RandomState;
use quick_cache::sync::Cache;

use crate::report::Report;

/// Workloads whose last answer is known; of others each answer is news.
const WORKLOADS: usize = 8192;

/// Which answers are logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum DecisionLog {
    /// Where a workload's pods get another answer than its last one got, and each that a program's error made.
    #[default]
    Changed,
    /// Each.
    All,
    /// None; metrics tell how many there were.
    Off,
}

/// Knows the last answer of each workload.
#[derive(Debug)]
pub struct Decisions {
    which: DecisionLog,
    seed: RandomState,
    last: Cache<Arc<str>, u64>,
}

impl Decisions {
    /// Knows nothing yet.
    #[must_use]
    pub fn new(which: DecisionLog) -> Self {
        Self { which, seed: RandomState::default(), last: Cache::new(WORKLOADS) }
    }

    /// Whether an answer to a pod of `workload` gets a line.
    pub fn tell(&self, workload: &Arc<str>, report: &Report) -> bool {
        match self.which {
            DecisionLog::All => true,
            DecisionLog::Off => false,
            DecisionLog::Changed => {
                let mark = self.mark(report);
                let known = self.last.get(&**workload) == Some(mark);
                if !known {
                    self.last.insert(Arc::clone(workload), mark);
                }
                !known
            }
        }
    }

    fn mark(&self, report: &Report) -> u64 {
        let mut hasher = self.seed.build_hasher();
        report.reason.code().hash(&mut hasher);
        report.message.hash(&mut hasher);
        report.warnings.hash(&mut hasher);
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pillion_core::inject::Reason;

    #[test]
    fn only_news_are_told() {
        let decisions = Decisions::new(DecisionLog::Changed);
        let (web, db): (Arc<str>, Arc<str>) = ("shop/Deployment/web".into(), "shop/StatefulSet/db".into());
        let bad = |message: &str| Report::refused(Reason::BadAnnotation, message);
        let told: Vec<bool> = [
            (&web, bad("a")),
            (&web, bad("a")),
            (&db, bad("a")),
            (&web, bad("b")),
            (&web, Report::refused(Reason::Internal, "b")),
            (&web, Report::refused(Reason::Internal, "b")),
            (&db, bad("a")),
        ]
        .iter()
        .map(|(workload, report)| decisions.tell(workload, report))
        .collect();
        assert_eq!(told, [true, false, true, true, true, false, false]);
    }

    #[test]
    fn all_and_none_are_as_they_say() {
        let workload: Arc<str> = "w".into();
        let report = Report::refused(Reason::BadAnnotation, "m");
        for (which, told) in [(DecisionLog::All, true), (DecisionLog::Off, false)] {
            let decisions = Decisions::new(which);
            assert!((0..3).all(|_| decisions.tell(&workload, &report) == told), "{which:?}");
        }
    }
}
