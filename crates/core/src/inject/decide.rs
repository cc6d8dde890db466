//! Whether a pod is injected: the host's network and the system's namespaces first, then what the pod itself says
//! (label before annotation), then the configuration's selectors, and its policy where nothing else decided.
//! Never: how it is injected.

use pillion_govalue::Value;

use super::facts::{label, text};
use super::finish::containers::annotation;
use super::reason::Reason;
use super::request::Warning;
use crate::config::{Gates, LabelSelector, Policy, Snapshot};

/// Namespaces that are never injected: of Kubernetes itself and of kind's storage.
pub const IGNORED_NAMESPACES: [&str; 4] =
    ["kube-system", "kube-public", "kube-node-lease", "local-path-storage"];

/// The label, and the older annotation, by which a pod asks.
pub(crate) const INJECT: &str = "sidecar.istio.io/inject";

/// What was decided, and by which rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    /// [`Reason::Injected`], or why not.
    pub(crate) reason: Reason,
    /// The rule that settled it.
    pub(crate) by: &'static str,
}

impl Decision {
    const fn new(reason: Reason, by: &'static str) -> Self {
        Self { reason, by }
    }
}

/// Decides for a pod whose namespace is filled in.
pub(crate) fn decide(pod: &Value<'_>, snapshot: &Snapshot, warnings: &mut Vec<Warning>) -> Decision {
    if pod.at(&["spec", "hostNetwork"]).and_then(Value::as_bool) == Some(true) {
        return Decision::new(Reason::HostNetwork, "hostNetwork");
    }
    if IGNORED_NAMESPACES.contains(&text(pod, &["metadata", "namespace"])) {
        return Decision::new(Reason::NamespaceIgnored, "namespace");
    }
    let config = &snapshot.injector;
    if matches!(config.policy, Policy::Other(_)) {
        return Decision::new(Reason::PolicyInvalid, "policy");
    }
    if let Some(decision) = asked(pod, snapshot, warnings) {
        return decision;
    }
    if matches_any(&config.never_inject, "neverInjectSelector", pod, warnings) {
        return Decision::new(Reason::NeverSelector, "neverInjectSelector");
    }
    if matches_any(&config.always_inject, "alwaysInjectSelector", pod, warnings) {
        return Decision::new(Reason::Injected, "alwaysInjectSelector");
    }
    match config.policy {
        Policy::Enabled => Decision::new(Reason::Injected, "policy"),
        _ => Decision::new(Reason::PolicyDisabled, "policy"),
    }
}

/// What the pod itself asks for, if it asks.
fn asked(pod: &Value<'_>, snapshot: &Snapshot, warnings: &mut Vec<Warning>) -> Option<Decision> {
    let (wish, by, refusal) = match label(pod, INJECT) {
        Some(wish) => (wish, "label", Reason::LabelOptOut),
        None => (annotation(pod, INJECT).unwrap_or_default(), "annotation", Reason::AnnotationOptOut),
    };
    match read(wish, &snapshot.gates) {
        Wish::None => None,
        Wish::Yes => Some(Decision::new(Reason::Injected, by)),
        Wish::No => Some(Decision::new(refusal, by)),
        Wish::Unclear => {
            warnings.push(Warning::InjectValue(String::from(wish)));
            None
        }
    }
}

/// What a value of [`INJECT`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Nothing.
    None,
    Yes,
    No,
    /// Something else, which leaves it to the policy.
    Unclear,
}

/// Reads a value of [`INJECT`] as the release in force does.
pub(super) fn read(wish: &str, gates: &Gates) -> Wish {
    if gates.strict_inject_values {
        return match wish {
            "" => Wish::None,
            "true" => Wish::Yes,
            "false" => Wish::No,
            _ => Wish::Unclear,
        };
    }
    // Releases up to 1.26 take YAML's words for true, and anything else for false.
    match wish.to_lowercase().as_str() {
        "" => Wish::None,
        "y" | "yes" | "true" | "on" => Wish::Yes,
        _ => Wish::No,
    }
}

fn matches_any(
    selectors: &[LabelSelector],
    place: &str,
    pod: &Value<'_>,
    warnings: &mut Vec<Warning>,
) -> bool {
    let labels = |key: &str| label(pod, key);
    for (at, selector) in selectors.iter().enumerate() {
        match selector.matches(labels) {
            Ok(true) => return true,
            Ok(false) => {}
            Err(message) => warnings
                .push(Warning::Selector { place: format!("{place}[{at}]"), message: message.to_owned() }),
        }
    }
    false
}

#[cfg(test)]
mod tests;
