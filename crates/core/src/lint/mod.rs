//! What makes an injected pod be refused by an API server, or not start, or lose its traffic: found before any API
//! server is asked. Pure: a pod as it came and what became of it go in, findings come out.
//!
//! | file | what |
//! |---|---|
//! | `code` | what can be wrong, as one table |
//! | `view` | containers of a pod, and where findings are put |
//! | `containers` | what is wrong within one container |
//! | `pods` | what is wrong between containers, volumes and metadata |
//! | `names` | what Kubernetes takes for a name, a label, a port's name |
//!
//! What was wrong with the pod before is its author's, and not told; but for the image `auto`, which is left where the
//! pod is not injected. Never: all that an API server checks: what neither a template nor a merge can bring is not
//! looked at.

mod code;
mod containers;
mod names;
mod pods;
mod view;

use std::collections::BTreeSet;

use pillion_govalue::Value;

use crate::config::Snapshot;
use crate::inject::{Outcome, Verdict};
use view::{Found, Pod};

pub use code::{Code, Severity};

/// Something that is wrong with an injected pod.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What, in a word.
    pub code: Code,
    /// What, in a sentence about this pod.
    pub message: String,
    /// The container; `None` for what concerns the pod.
    pub container: Option<String>,
    /// The field: `spec.containers[1].resources.limits.cpu`.
    pub field: String,
    /// The templates that the pod was injected with, comma-separated; empty where it was not.
    pub templates: String,
}

/// What is wrong with the pod that `outcome` holds, and was not wrong with the pod `before` it.
#[must_use]
pub fn lint(snapshot: &Snapshot, before: &Value<'_>, outcome: &Outcome<'_>) -> Vec<Finding> {
    let after = Pod::of(&outcome.pod);
    let mut found = Found::default();
    containers::images(&after, &mut found);
    if outcome.verdict == Verdict::Injected {
        let before = Pod::of(before);
        let mut known = Found::default();
        containers::check(&before, &mut known);
        pods::check(&before, &mut known);
        let known: BTreeSet<_> = known.0.iter().map(Finding::identity).collect();
        let mut brought = Found::default();
        containers::check(&after, &mut brought);
        pods::check(&after, &mut brought);
        brought.0.retain(|finding| !known.contains(&finding.identity()));
        found.0.append(&mut brought.0);
        pods::beside_the_sidecar(&before, &after, &mut found);
        let templates = templates(snapshot, before.value);
        found.0.iter_mut().for_each(|finding| finding.templates.clone_from(&templates));
    }
    found.0
}

impl Finding {
    /// Places in lists move when containers are put in between: names do not.
    fn identity(&self) -> (Code, Option<&str>, &str) {
        (self.code, self.container.as_deref(), &self.message)
    }
}

/// The templates that a pod is injected with, comma-separated.
fn templates(snapshot: &Snapshot, pod: &Value<'_>) -> String {
    crate::inject::templates(&snapshot.injector, pod).unwrap_or_default().join(",")
}

#[cfg(test)]
mod near;
#[cfg(test)]
mod tests;
