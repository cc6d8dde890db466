//! [`Explained`]: one pod of a manifest or a cluster, with what the engine does to it and whether it is asked at all; what
//! `pillion explain` and the debug port's `/explain` tell. Never: fetching anything, or text for terminals.

use std::convert::Infallible;

use pillion_core::config::Snapshot;
use pillion_core::explain::{Explanation, explain, verdict};
use pillion_core::inject::Request;
use pillion_core::manifest::{self, ManifestError, PodDoc};
use pillion_govalue::{Map, Value};

pub use crate::cluster::calls::as_json as pod_as_json;
use crate::cluster::calls::{Asks, Calls, Check, EntrySeen};

/// A pod that is to be explained.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The object that it is from, for people: `Deployment "shop/web"`.
    pub label: String,
    /// Its namespace.
    pub namespace: String,
    /// The pod.
    pub pod: Value<'static>,
}

/// An explained pod.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The pod.
    pub subject: Subject,
    /// Where the configuration came from.
    pub configuration: String,
    /// Whether an API server asks.
    pub calls: Calls,
    /// What becomes of the pod if it does.
    pub explanation: Explanation,
}

/// The pods of a manifest, as their controllers make them; objects without one are left out.
///
/// # Errors
/// Text that is no manifest.
pub fn subjects(
    name: &str,
    text: &str,
    namespace: &str,
) -> Result<Vec<Subject>, Box<ManifestError<Infallible>>> {
    let subject = |doc: PodDoc<'_>| Subject {
        namespace: if doc.namespace.is_empty() { namespace.to_owned() } else { doc.namespace },
        label: doc.label,
        pod: doc.pod.into_owned(),
    };
    Ok(manifest::read(name, text)?.into_iter().map(subject).collect())
}

/// Explains one pod.
#[must_use]
pub fn explained(
    snapshot: &Snapshot,
    subject: Subject,
    configuration: &str,
    calls: Calls,
    now: i64,
) -> Explained {
    let request = Request {
        pod: subject.pod.clone(),
        namespace: &subject.namespace,
        path: "/inject",
        owner: None,
        now: Some(now),
    };
    let explanation = explain(snapshot, &request);
    Explained { subject, configuration: configuration.to_owned(), calls, explanation }
}

impl Explained {
    /// As an object (docs/explain.md).
    #[must_use]
    pub fn to_value(&self) -> Value<'static> {
        let mut members: Map<'static> = [
            ("apiVersion", text("pillion.dev/v1")),
            ("kind", text("Explanation")),
            ("object", text(&self.subject.label)),
            ("namespace", text(&self.subject.namespace)),
            ("verdict", text(verdict(self.explanation.verdict))),
            ("reason", text(self.explanation.reason.code())),
            ("calls", text(self.calls.asks.name())),
            ("callsReason", text(&self.calls.why)),
            ("configuration", text(&self.configuration)),
        ]
        .into_iter()
        .collect();
        if !self.calls.entries.is_empty() {
            members.insert("webhooks", Value::list(self.calls.entries.iter().map(entry).collect()));
        }
        if let Value::Map(rest) = self.explanation.to_value() {
            for (name, value) in rest.iter().filter(|(name, _)| !matches!(&***name, "verdict" | "reason")) {
                members.insert(name.clone(), value.clone());
            }
        }
        Value::map(members)
    }
}

/// All of them as one object: the only one, or a list.
#[must_use]
pub fn together(all: &[Explained]) -> Value<'static> {
    if let [only] = all {
        return only.to_value();
    }
    let items = Value::list(all.iter().map(Explained::to_value).collect());
    let members =
        [("apiVersion", text("pillion.dev/v1")), ("kind", text("ExplanationList")), ("items", items)];
    Value::map(members.into_iter().collect())
}

fn text(text: &str) -> Value<'static> {
    Value::from(text.to_owned())
}

fn entry(entry: &EntrySeen) -> Value<'static> {
    let mut members: Map<'static> = [
        ("configuration", text(&entry.configuration)),
        ("webhook", text(&entry.webhook)),
        ("owner", text(entry.owner.name())),
        ("revision", text(&entry.revision)),
        ("failurePolicy", text(&entry.failure_policy)),
        ("reachesPillion", Value::Bool(entry.reaches_us)),
        ("calls", text(entry.asks.name())),
        ("checks", Value::list(entry.checks.iter().map(check).collect())),
    ]
    .into_iter()
    .collect();
    if let Some(tag) = &entry.tag {
        members.insert("tag", tag.clone());
    }
    Value::map(members)
}

fn check(check: &Check) -> Value<'static> {
    let members =
        [("what", text(&check.what)), ("holds", text(check.holds.name())), ("why", text(&check.why))];
    Value::map(members.into_iter().collect())
}

/// Whether people should look closer: the engine would inject, and nobody asks it.
#[must_use]
pub fn is_missed(told: &Explained) -> bool {
    told.calls.asks == Asks::No && told.explanation.reason.code() == "injected"
}
