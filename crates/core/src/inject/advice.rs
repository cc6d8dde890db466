//! What the user should know of a pod that is admitted: deprecated annotations, labels that do not go together, a DNS
//! policy that may cut the sidecar off. None of it is Istio's; none of it changes what becomes of the pod.
//! Never: deciding; words that no user wrote (what every pod has is not told).

use pillion_govalue::{Map, Value};

use super::annotations::{Annotation, TABLE};
use super::decide::{Decision, INJECT, Wish, read};
use super::facts::{label, text};
use super::finish::containers::annotation;
use super::reason::Reason;
use super::request::{Contradiction, Warning};
use crate::config::{Gates, Release, Snapshot};

/// The label by which pods ask for a revision.
const REVISION: &str = "istio.io/rev";
/// The label by which pods ask for ambient.
const DATAPLANE: &str = "istio.io/dataplane-mode";
/// The label by which namespaces are injected.
const NAMESPACE: &str = "istio-injection";
/// What Istio's own control plane carries: there `istio.io/rev` says which revision it is.
const COMPONENT: &str = "operator.istio.io/component";

/// Adds what there is to tell of a pod about which it was decided.
pub(super) fn give(pod: &Value<'_>, decision: Decision, snapshot: &Snapshot, warnings: &mut Vec<Warning>) {
    let injected = decision.reason == Reason::Injected;
    let found = contradictions(pod, decision.reason, &snapshot.gates);
    warnings.extend(found.into_iter().flatten().map(Warning::Contradiction));
    deprecated(pod, injected, snapshot.level.release, warnings);
    if injected {
        dns_policy(pod, warnings);
    }
}

fn contradictions(pod: &Value<'_>, reason: Reason, gates: &Gates) -> [Option<Contradiction>; 5] {
    let of = |text: Option<&str>| text.map_or(Wish::None, |text| read(text, gates));
    let (by_label, by_annotation) = (of(label(pod, INJECT)), of(annotation(pod, INJECT)));
    let asked = by_label == Wish::Yes || label(pod, INJECT).is_none() && by_annotation == Wish::Yes;
    let opposite = matches!((by_label, by_annotation), (Wish::Yes, Wish::No) | (Wish::No, Wish::Yes));
    let revision = label(pod, REVISION).is_some_and(|revision| !revision.is_empty());
    let opted_out = matches!(reason, Reason::LabelOptOut | Reason::AnnotationOptOut);
    let ambient = label(pod, DATAPLANE) == Some("ambient");
    let in_vain = match reason {
        Reason::HostNetwork => Some(Contradiction::WishOnHostNetwork),
        Reason::NamespaceIgnored => Some(Contradiction::WishInIgnoredNamespace),
        Reason::PolicyInvalid => Some(Contradiction::WishUnderInvalidPolicy),
        _ => None,
    };
    [
        in_vain.filter(|_| asked),
        opposite.then_some(Contradiction::LabelAndAnnotation),
        (revision && opted_out && label(pod, COMPONENT).is_none())
            .then_some(Contradiction::RevisionAndOptOut),
        (ambient && reason == Reason::Injected).then_some(Contradiction::AmbientAndSidecar),
        label(pod, NAMESPACE).map(|_| Contradiction::NamespaceLabel),
    ]
}

/// Of a pod that is skipped only the annotation by which it asks is told: nobody reads the others.
fn deprecated(pod: &Value<'_>, injected: bool, release: Release, warnings: &mut Vec<Warning>) {
    let Some(annotations) = pod.at(&["metadata", "annotations"]).and_then(Value::as_map) else { return };
    for row in names(annotations).filter(|row| injected || row.name == INJECT) {
        let Some(deprecated) = row.deprecated.filter(|deprecated| release >= deprecated.since) else {
            continue;
        };
        // Whoever has the label too knows, and keeps the annotation for others who read it. Istio's analyzer says so.
        if row.name == INJECT && label(pod, INJECT).is_some() {
            continue;
        }
        warnings.push(Warning::Deprecated { name: row.name, instead: deprecated.instead });
    }
}

/// The rows of those annotations that may be deprecated. Their values are not looked at: whatever is in them, the answer
/// is the same.
fn names(annotations: &Map<'_>) -> impl Iterator<Item = &'static Annotation> {
    let deprecated = |key: &str| TABLE.iter().find(|row| row.deprecated.is_some() && row.name == key);
    annotations.iter().filter_map(move |(key, _)| deprecated(key.as_str()))
}

/// Anything but the cluster's own DNS first may keep the sidecar from finding its control plane.
fn dns_policy(pod: &Value<'_>, warnings: &mut Vec<Warning>) {
    let policy = text(pod, &["spec", "dnsPolicy"]);
    if !policy.is_empty() && policy != "ClusterFirst" {
        warnings.push(Warning::DnsPolicy(String::from(policy)));
    }
}

#[cfg(test)]
mod tests;
