//! [`PodGauges`]: which pods of the cluster have their sidecar, as far as one replica has counted them. They are there while
//! that replica counts, and gone when another does, so that sums over replicas are true. Never: counting, and labels that a
//! stranger can make many of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// What became of pods, and why.
type Fate = (&'static str, &'static str);

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct FateLabels {
    state: &'static str,
    reason: &'static str,
    revision: String,
}

/// A series of its own, so that it can go.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RevisionLabels {
    revision: String,
}

/// How many pods there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodsCounted {
    /// By state and reason.
    pub fates: BTreeMap<Fate, i64>,
    /// With a native sidecar.
    pub native: i64,
    /// Groups of pods that are alike and have to be looked at.
    pub waiting: i64,
    /// When all pods were known last, in seconds since the epoch.
    pub synced: Option<i64>,
}

/// Gauges of one replica.
pub struct PodGauges {
    revision: String,
    fates: Family<FateLabels, Gauge>,
    native: Family<RevisionLabels, Gauge>,
    waiting: Family<RevisionLabels, Gauge>,
    synced: Family<RevisionLabels, Gauge>,
    shown: Mutex<BTreeSet<Fate>>,
}

impl PodGauges {
    /// None are shown.
    pub(super) fn new(revision: &str) -> Self {
        Self {
            revision: revision.to_owned(),
            fates: Family::default(),
            native: Family::default(),
            waiting: Family::default(),
            synced: Family::default(),
            shown: Mutex::default(),
        }
    }

    pub(super) fn register(&self, to: &mut Registry) {
        to.register(
            "pillion_pods",
            "Pods that this revision is asked about or has injected, by what became of them",
            self.fates.clone(),
        );
        to.register("pillion_pods_native", "Those of them with a native sidecar", self.native.clone());
        to.register(
            "pillion_pods_waiting",
            "Groups of pods that are alike and have to be looked at, or looked at again",
            self.waiting.clone(),
        );
        to.register(
            "pillion_pods_synced_timestamp_seconds",
            "When all pods of the cluster were known last",
            self.synced.clone(),
        );
    }

    /// Shows these numbers. What has been shown before and is none now is zero, not gone.
    pub fn show(&self, counted: &PodsCounted) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.extend(counted.fates.keys());
        for &(state, reason) in &*shown {
            let labels = FateLabels { state, reason, revision: self.revision.clone() };
            let count = counted.fates.get(&(state, reason)).copied().unwrap_or(0);
            self.fates.get_or_create(&labels).set(count);
        }
        let of = RevisionLabels { revision: self.revision.clone() };
        self.native.get_or_create(&of).set(counted.native);
        self.waiting.get_or_create(&of).set(counted.waiting);
        if let Some(synced) = counted.synced {
            self.synced.get_or_create(&of).set(synced);
        }
    }

    /// Shows nothing: another replica does.
    pub fn hide(&self) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.clear();
        self.fates.clear();
        self.native.clear();
        self.waiting.clear();
        self.synced.clear();
    }
}

#[cfg(test)]
mod tests {
    use crate::telemetry::{Metrics, PodsCounted};

    #[test]
    fn what_is_none_any_more_is_zero_and_all_of_it_can_go() {
        let metrics = Metrics::new("r");
        let has = |text: &str| metrics.render().contains(text);
        assert!(!has("pillion_pods"), "a replica that counts nothing shows nothing");
        let missing = [(("missing", "selected_later"), 2)].into();
        metrics.pods.show(&PodsCounted { fates: missing, native: 1, waiting: 0, synced: Some(7) });
        let line = r#"pillion_pods{state="missing",reason="selected_later",revision="r"}"#;
        assert!(has(&format!("{line} 2")) && has(r#"pillion_pods_native{revision="r"} 1"#));
        assert!(has(r#"pillion_pods_synced_timestamp_seconds{revision="r"} 7"#));
        metrics.pods.show(&PodsCounted::default());
        assert!(has(&format!("{line} 0")), "{}", metrics.render());
        assert!(has(r#"pillion_pods_synced_timestamp_seconds{revision="r"} 7"#), "the last time holds");
        metrics.pods.hide();
        assert!(!has("pillion_pods"), "{}", metrics.render());
    }
}
