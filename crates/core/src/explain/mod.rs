//! Why a pod is, or is not, injected, and where each change comes from: the engine's own run with somebody listening.
//!
//! | file | what it does |
//! |---|---|
//! | `recorder` | listens to a run and keeps what it heard |
//! | `effects` | what one annotation or ProxyConfig resource changes: the run again without it |
//! | `change` | one change, with its place in words |
//! | `json` | the explanation as an object; its schema is docs/explain.md |
//!
//! What is explained is exactly what is answered: nothing here decides anything. Never: the memo, text for terminals,
//! whether an API server asks at all.

mod change;
mod effects;
mod json;
mod recorder;

use pillion_govalue::encode::go_json;
use pillion_govalue::types::KNOWN;
use pillion_govalue::{Value, parse};

pub use change::{Change, Kind, on_one_line};
pub use effects::{AnnotationSeen, LayerSeen, bears_on_injection};
pub use json::verdict;
pub use recorder::{Facts, RuleAsked, StageDone, TemplateDone};

use crate::config::Snapshot;
use crate::inject::{self, Reason, Request, Verdict};
use recorder::Recorder;

/// All that is to be known of one answer.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// What becomes of the pod.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// What is wrong, where the pod is refused.
    pub message: Option<String>,
    /// The rule that settled it: `label`, `policy`…; empty where the pod is refused before any was asked.
    pub by: &'static str,
    /// The rules that were asked, in order; the last one settled it.
    pub rules: Vec<RuleAsked>,
    /// What the cluster says of the pod, where it is injected.
    pub facts: Option<Facts>,
    /// The templates that take part, in order.
    pub templates: Vec<TemplateDone>,
    /// The layers of the pod's `ProxyConfig`, the lowest first.
    pub layers: Vec<LayerSeen>,
    /// The annotations that bear on injection, by name.
    pub annotations: Vec<AnnotationSeen>,
    /// Each stage that changed the pod, with its changes, in order.
    pub stages: Vec<StageDone>,
    /// What the user should know although the pod is admitted.
    pub warnings: Vec<String>,
    /// The changes that the webhook answers.
    pub changes: Vec<Change>,
    /// The pod as it comes out; as it came where it is not injected.
    pub pod: Value<'static>,
}

/// Answers `request` as the webhook does, and tells all about it.
#[must_use]
pub fn explain(snapshot: &Snapshot, request: &Request<'_>) -> Explanation {
    let mut recorder = Recorder::new(&request.pod, snapshot);
    let done = inject::inject(snapshot, request, &mut recorder);
    let heard = recorder.heard;
    let (annotations, layers) = match heard.by {
        // Before the decision nothing of them is looked at.
        "" => (Vec::new(), Vec::new()),
        _ => effects::of(snapshot, request, done.as_ref().ok()),
    };
    let mut explanation = Explanation {
        verdict: Verdict::Refused,
        reason: Reason::Internal,
        message: None,
        by: heard.by,
        rules: heard.rules,
        facts: heard.facts,
        templates: heard.templates,
        layers,
        annotations,
        stages: heard.stages,
        warnings: Vec::new(),
        changes: Vec::new(),
        pod: Value::Null,
    };
    match done {
        Ok(outcome) => {
            explanation.verdict = outcome.verdict;
            explanation.reason = outcome.reason;
            explanation.warnings = outcome.warnings.iter().map(ToString::to_string).collect();
            explanation.changes = change::list(&request.pod, outcome.patch);
            explanation.pod = outcome.pod.into_owned();
        }
        Err(error) => {
            explanation.reason = error.reason();
            explanation.message = Some(error.to_string());
            explanation.pod = request.pod.clone().into_owned();
        }
    }
    explanation
}

/// Why `request` is answered as it is, and the changes of the answer as they come to be stored: an API server writes
/// quantities in one way, and leaves out what is zero. [`explain`] without all else, for whoever asks about many pods.
#[must_use]
pub fn changes(snapshot: &Snapshot, request: &Request<'_>) -> (Reason, Vec<Change>) {
    match inject::inject(snapshot, request, &mut ()) {
        Ok(outcome) => (outcome.reason, change::between(&stored(&request.pod), &stored(&outcome.pod))),
        Err(error) => (error.reason(), Vec::new()),
    }
}

/// A pod as an API server writes it, but for defaults.
fn stored(pod: &Value<'_>) -> Value<'static> {
    let text = go_json(pod, KNOWN.pod).unwrap_or_default();
    parse(text.as_bytes()).map_or_else(|_| pod.clone().into_owned(), Value::into_owned)
}

#[cfg(test)]
mod tests;
