//! Where two answers to one question differ. Of a source that Istio does not take only the refusal is compared:
//! Pillion keeps what was before, Istio goes on with half of it. Never asks.

use serde_json::Value;

use super::question::{Answer, Question};
use crate::compare::{Difference, differences};

/// What was compared of one question.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// Where the answers differ.
    pub differences: Vec<Difference>,
    /// Whether the sources were taken by both, so that what came of them was compared.
    pub sources: bool,
    /// Whether the annotation was taken by both as well.
    pub annotation: bool,
}

/// Compares.
#[must_use]
pub fn judge(question: &Question, istio: &Answer, ours: &Answer) -> Judgement {
    let mut found = Judgement::default();
    for (at, (theirs, own)) in istio.resources.iter().zip(&ours.resources).enumerate() {
        refusal(&format!("resource {at}"), Some(theirs), Some(own), &mut found.differences);
    }
    refusal("annotation", Some(&istio.annotation), Some(&ours.annotation), &mut found.differences);
    for name in ["shared", "mesh"] {
        let (theirs, own) = (istio.refused.get(name), ours.refused.get(name));
        refusal(&format!("source {name}"), theirs, own, &mut found.differences);
        if theirs.is_some() || own.is_some() {
            return found;
        }
    }
    found.sources = true;
    found.annotation = !question.annotations.is_empty() && istio.annotation.is_empty();
    for (name, theirs, own) in [
        ("mesh", &istio.mesh, &ours.mesh),
        ("proxy", &istio.proxy, &ours.proxy),
        ("annotation over mesh", &istio.applied, &ours.applied),
    ] {
        found.differences.extend(differences(theirs, own).into_iter().map(|difference| {
            let path = format!("{name}: {}", difference.path);
            Difference { path, ..difference }
        }));
    }
    if istio.pod != ours.pod && found.differences.is_empty() {
        found.differences.push(Difference {
            path: "text for the pod".to_owned(),
            istio: Some(Value::String(istio.pod.clone())),
            pillion: Some(Value::String(ours.pod.clone())),
        });
    }
    found
}

/// Whether both refuse; the words are not held to each other.
fn refusal(what: &str, istio: Option<&String>, ours: Option<&String>, found: &mut Vec<Difference>) {
    let refused =
        |why: Option<&String>| why.filter(|why| !why.is_empty()).map(|why| Value::String(why.clone()));
    let (istio, pillion) = (refused(istio), refused(ours));
    if istio.is_some() != pillion.is_some() {
        found.push(Difference { path: format!("refusal of {what}"), istio, pillion });
    }
}
