//! [`Recorder`]: the trace that listens, and what it keeps. Never: a second look at anything the run did not say.

use pillion_govalue::Value;

use super::change::{self, Change};
use crate::config::Snapshot;
use crate::inject::{Reason, Stage, Step, Trace, looked_at};

/// A rule that was asked whether the pod is injected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleAsked {
    /// The rule: `hostNetwork`, `label`, `neverInjectSelector`…
    pub rule: &'static str,
    /// What it looked at, as it was found.
    pub found: String,
    /// What it said; nothing leaves it to the next one.
    pub says: Option<Reason>,
}

/// What the cluster says of the pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Whether the sidecar is a native one, unless an annotation says otherwise.
    pub native: bool,
    /// What says so.
    pub by: &'static str,
    /// Whether the namespace's ids are known (OpenShift only).
    pub namespace: bool,
}

/// A template that took part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateDone {
    /// Its name.
    pub name: String,
    /// What it rendered; nothing where it failed.
    pub text: Option<String>,
}

/// A stage that changed the pod.
#[derive(Clone, Debug, PartialEq)]
pub struct StageDone {
    /// Its name: `template sidecar`, `pass app_probes`…
    pub stage: String,
    /// What it changed.
    pub changes: Vec<Change>,
}

/// What was heard.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) by: &'static str,
    pub(super) rules: Vec<RuleAsked>,
    pub(super) facts: Option<Facts>,
    pub(super) templates: Vec<TemplateDone>,
    pub(super) stages: Vec<StageDone>,
}

/// Listens to one run.
pub(super) struct Recorder<'s> {
    pub(super) heard: Heard,
    snapshot: &'s Snapshot,
    /// The pod as it was when it was last told of.
    last: Value<'static>,
}

impl<'s> Recorder<'s> {
    pub(super) fn new(pod: &Value<'_>, snapshot: &'s Snapshot) -> Self {
        Self { heard: Heard::default(), snapshot, last: pod.clone().into_owned() }
    }

    fn pod(&mut self, after: Stage<'_>, pod: &Value<'_>) {
        let pod = pod.clone().into_owned();
        let changes = change::between(&self.last, &pod);
        self.last = pod;
        // The namespace that the request lends is no change of the pod.
        if !changes.is_empty() && after != Stage::Start && after != Stage::End {
            self.heard.stages.push(StageDone { stage: after.to_string(), changes });
        }
    }
}

impl Trace for Recorder<'_> {
    fn step(&mut self, step: Step<'_>) {
        match step {
            Step::Rule { name, says } => {
                let found = looked_at(name, &self.last, self.snapshot);
                self.heard.rules.push(RuleAsked { rule: name, found, says });
            }
            Step::Decided { by, .. } => self.heard.by = by,
            Step::Facts { namespace, native, by } => {
                self.heard.facts = Some(Facts { native, by, namespace });
            }
            Step::TemplateChosen { name } => {
                self.heard.templates.push(TemplateDone { name: name.to_owned(), text: None });
            }
            Step::Rendered { text, .. } => {
                if let Some(template) = self.heard.templates.last_mut() {
                    template.text = Some(String::from_utf8_lossy(text).into_owned());
                }
            }
            Step::Pod { after, pod } => self.pod(after, pod),
            Step::Annotation { .. }
            | Step::Stripped { .. }
            | Step::OverridesReinserted { .. }
            | Step::NativeMoved
            | Step::Merged { .. }
            | Step::OverrideApplied { .. }
            | Step::Pass { .. }
            | Step::Gate { .. } => {}
        }
    }
}
