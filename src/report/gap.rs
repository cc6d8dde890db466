//! [`Gap`]: how it came that a pod has no sidecar although it would get one now; what the pod's own answer, if there was
//! one, cannot tell. Never: finding it out (`cluster::inventory`).

use std::fmt;

/// Why a sidecar is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Gap {
    /// There was no webhook yet.
    BeforeWebhook,
    /// There was one that lets pods pass when it is not reached.
    FailsOpen,
    /// There was one, and it did not take the pod, or would not have injected it.
    SelectedLater,
}

impl Gap {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 3] = [Self::BeforeWebhook, Self::FailsOpen, Self::SelectedLater];

    /// The name, for metrics and JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::BeforeWebhook => "before_webhook",
            Self::FailsOpen => "fails_open",
            Self::SelectedLater => "selected_later",
        }
    }

    /// What it means.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::BeforeWebhook => "The pod is older than every webhook that takes it now.",
            Self::FailsOpen => {
                "A webhook that takes it fails open: it was not reached, or labels or the configuration changed since."
            }
            Self::SelectedLater => {
                "Labels of namespace or pod, the webhook or the configuration changed since the pod was created."
            }
        }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Pods of one workload that lack their sidecar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Why.
    pub gap: Gap,
    /// How many.
    pub pods: u32,
}

impl Missing {
    /// What an Event says: one line, and what to do.
    #[must_use]
    pub fn note(self) -> String {
        let Self { gap, pods } = self;
        let many = if pods == 1 { "1 pod runs".to_owned() } else { format!("{pods} pods run") };
        format!(
            "{gap}: {many} without the sidecar that a new one would get. {} Restart the workload.",
            gap.sentence()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_says_how_many_why_and_what_to_do() {
        for gap in Gap::ALL {
            for (pods, many) in [(1, "1 pod runs without"), (7, "7 pods run without")] {
                let note = Missing { gap, pods }.note();
                assert!(note.starts_with(&format!("{gap}: {many}")), "{note}");
                assert!(note.ends_with(" Restart the workload.") && note.len() < 300, "{note}");
            }
        }
    }
}
