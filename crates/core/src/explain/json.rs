//! An [`Explanation`] as an object. Its members are a promise (docs/explain.md): new ones may come, none changes its
//! meaning. Never: what only a terminal needs.

use pillion_govalue::{Map, Value};

use super::{AnnotationSeen, Change, Explanation, LayerSeen, RuleAsked, StageDone, TemplateDone};
use crate::inject::Verdict;

/// The verdict as `explain` names it: what the engine does with the pod.
#[must_use]
pub const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Injected => "inject",
        Verdict::Skipped => "skip",
        Verdict::Refused => "reject",
    }
}

impl Explanation {
    /// The explanation as an object; members without a value are left out.
    #[must_use]
    pub fn to_value(&self) -> Value<'static> {
        let facts = self.facts.as_ref().map(|facts| {
            object([
                ("nativeSidecar", Some(Value::Bool(facts.native))),
                ("by", text(facts.by)),
                ("namespaceKnown", Some(Value::Bool(facts.namespace))),
            ])
        });
        object([
            ("verdict", text(verdict(self.verdict))),
            ("reason", text(self.reason.code())),
            ("sentence", text(self.reason.sentence())),
            ("hint", text(self.reason.hint())),
            ("message", self.message.as_deref().and_then(text)),
            ("by", text(self.by)),
            ("rules", list(&self.rules, rule)),
            ("facts", facts),
            ("templates", list(&self.templates, template)),
            ("proxyConfig", list(&self.layers, layer)),
            ("annotations", list(&self.annotations, annotation)),
            ("stages", list(&self.stages, stage)),
            ("warnings", list(&self.warnings, |warning| Value::from(warning.clone()))),
            ("changes", list(&self.changes, change)),
        ])
    }
}

/// An object out of the members that have a value.
pub(super) fn object<const N: usize>(members: [(&'static str, Option<Value<'static>>); N]) -> Value<'static> {
    let members = members.into_iter().filter_map(|(name, value)| Some((name, value?)));
    Value::map(members.collect::<Map<'static>>())
}

fn text(text: &str) -> Option<Value<'static>> {
    (!text.is_empty()).then(|| Value::from(text.to_owned()))
}

fn list<T>(items: &[T], each: impl Fn(&T) -> Value<'static>) -> Option<Value<'static>> {
    (!items.is_empty()).then(|| Value::list(items.iter().map(each).collect()))
}

fn rule(rule: &RuleAsked) -> Value<'static> {
    object([
        ("rule", text(rule.rule)),
        ("found", text(&rule.found)),
        ("says", rule.says.and_then(|reason| text(reason.code()))),
    ])
}

fn template(template: &TemplateDone) -> Value<'static> {
    object([("name", text(&template.name)), ("rendered", Some(Value::Bool(template.text.is_some())))])
}

fn layer(layer: &LayerSeen) -> Value<'static> {
    object([
        ("layer", text(layer.of)),
        ("resource", layer.resource.as_deref().and_then(text)),
        ("sets", Some(layer.sets.clone())),
        ("changes", list(&layer.changes, change)),
    ])
}

fn annotation(seen: &AnnotationSeen) -> Value<'static> {
    object([
        ("name", text(&seen.name)),
        ("value", Some(Value::from(seen.value.clone()))),
        ("of", seen.of_namespace.then(|| Value::from("namespace"))),
        ("known", Some(Value::Bool(seen.doc.is_some()))),
        ("doc", seen.doc.as_deref().and_then(text)),
        ("problem", seen.problem.as_deref().and_then(text)),
        ("changes", list(&seen.changes, change)),
        ("without", seen.without.as_deref().and_then(text)),
    ])
}

fn stage(stage: &StageDone) -> Value<'static> {
    object([("stage", text(&stage.stage)), ("changes", list(&stage.changes, change))])
}

fn change(change: &Change) -> Value<'static> {
    object([
        ("op", text(change.kind.name())),
        ("path", text(&change.path)),
        ("place", text(&change.place)),
        ("before", change.before.clone()),
        ("after", change.after.clone()),
    ])
}
