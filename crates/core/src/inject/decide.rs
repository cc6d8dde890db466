//! Whether a pod is injected: the host's network and the system's namespaces first, then what the pod itself says
//! (label before annotation), then the configuration's selectors, and its policy where nothing else decided.
//! Never: how it is injected.

use pillion_govalue::Value;

use super::facts::{self, label, text};
use super::finish::containers::annotation;
use super::path;
use super::reason::Reason;
use super::request::{Request, Warning};
use super::trace::{Step, Trace};
use crate::config::{Gates, LabelSelector, Policy, Skip, Snapshot};

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

/// What a rule says of a pod: [`Reason::Injected`], why it is skipped, or nothing, which leaves it to the next rule.
type Rule = fn(&Value<'_>, &Snapshot, &mut Vec<Warning>) -> Option<Reason>;

/// All rules with their names, the first that says something first.
const RULES: [(&str, Rule); 8] = [
    ("hostNetwork", |pod, _, _| {
        (pod.at(&["spec", "hostNetwork"]).and_then(Value::as_bool) == Some(true))
            .then_some(Reason::HostNetwork)
    }),
    ("namespace", |pod, _, _| {
        IGNORED_NAMESPACES
            .contains(&text(pod, &["metadata", "namespace"]))
            .then_some(Reason::NamespaceIgnored)
    }),
    ("policyName", |_, snapshot, _| {
        matches!(snapshot.injector.policy, Policy::Other(_)).then_some(Reason::PolicyInvalid)
    }),
    ("label", |pod, snapshot, warnings| wish(label(pod, INJECT)?, Reason::LabelOptOut, snapshot, warnings)),
    ("annotation", |pod, snapshot, warnings| {
        // The label counts even where it leaves it open.
        let asked = annotation(pod, INJECT).filter(|_| label(pod, INJECT).is_none());
        wish(asked?, Reason::AnnotationOptOut, snapshot, warnings)
    }),
    ("neverInjectSelector", |pod, snapshot, warnings| {
        matches_any(&snapshot.injector.never_inject, "neverInjectSelector", pod, warnings)
            .then_some(Reason::NeverSelector)
    }),
    ("alwaysInjectSelector", |pod, snapshot, warnings| {
        matches_any(&snapshot.injector.always_inject, "alwaysInjectSelector", pod, warnings)
            .then_some(Reason::Injected)
    }),
    ("policy", |_, snapshot, _| match snapshot.injector.policy {
        Policy::Enabled => Some(Reason::Injected),
        _ => Some(Reason::PolicyDisabled),
    }),
];

/// Decides for a pod whose namespace is filled in.
pub(crate) fn decide<T: Trace>(
    pod: &Value<'_>,
    request: &Request<'_>,
    snapshot: &Snapshot,
    warnings: &mut Vec<Warning>,
    trace: &mut T,
) -> Decision {
    for (name, rule) in RULES {
        let says = rule(pod, snapshot, warnings);
        trace.step(Step::Rule { name, says });
        if let Some(reason) = says {
            let refused =
                if reason == Reason::Injected { skipped(pod, request, snapshot, trace) } else { None };
            // What is wrong with the policy is the policy's word.
            let by = if name == "policyName" { "policy" } else { name };
            return refused.unwrap_or(Decision::new(reason, by));
        }
    }
    Decision::new(Reason::PolicyDisabled, "policy")
}

/// Whether the profile cannot serve a pod that would be injected. Asked last: whoever wants no sidecar has that reason.
fn skipped<T: Trace>(
    pod: &Value<'_>,
    request: &Request<'_>,
    snapshot: &Snapshot,
    trace: &mut T,
) -> Option<Decision> {
    for skip in &snapshot.injector.skip {
        let (name, reason, holds) = match skip {
            Skip::Windows => (WINDOWS, Reason::Windows, is_for_windows(pod)),
            Skip::JobWithoutNativeSidecar => {
                let holds = is_of_job(pod, request) && !would_be_native(pod, request, snapshot);
                (JOB, Reason::JobWithoutNativeSidecar, holds)
            }
        };
        let says = holds.then_some(reason);
        trace.step(Step::Rule { name, says });
        if let Some(reason) = says {
            return Some(Decision::new(reason, name));
        }
    }
    None
}

const WINDOWS: &str = "windows";
const JOB: &str = "job";
/// Where a pod that does not say its system says it all the same.
const OS: &str = "kubernetes.io/os";

fn is_for_windows(pod: &Value<'_>) -> bool {
    [text(pod, &["spec", "os", "name"]), text(pod, &["spec", "nodeSelector", OS])].contains(&"windows")
}

fn is_of_job(pod: &Value<'_>, request: &Request<'_>) -> bool {
    match &request.owner {
        Some(owner) => matches!(owner.kind.as_str(), "Job" | "CronJob"),
        None => facts::controller(pod).is_some_and(|owner| text(owner, &["kind"]) == "Job"),
    }
}

fn would_be_native(pod: &Value<'_>, request: &Request<'_>, snapshot: &Snapshot) -> bool {
    // What is odd about the path is told when the pod is injected.
    let parameters = path::parameters(request.path, &mut Vec::new());
    let (cluster, _) = facts::cluster_and_network(pod, snapshot, &parameters);
    facts::native_sidecar(snapshot, pod, snapshot.facts_of(cluster)).0
}

/// What a pod asks for, if its word is one.
fn wish(word: &str, refusal: Reason, snapshot: &Snapshot, warnings: &mut Vec<Warning>) -> Option<Reason> {
    match read(word, &snapshot.gates) {
        Wish::None => None,
        Wish::Yes => Some(Reason::Injected),
        Wish::No => Some(refusal),
        Wish::Unclear => {
            warnings.push(Warning::InjectValue(String::from(word)));
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

/// What the rule `name` looks at in this pod and configuration, in words: for whoever explains an answer.
#[must_use]
pub fn looked_at(name: &str, pod: &Value<'_>, snapshot: &Snapshot) -> String {
    let said = |key: &str, value: Option<&str>| match value {
        Some(value) => format!("{key}={value:?}"),
        None => format!("no {key}"),
    };
    let selectors = |list: &[LabelSelector]| match list.len() {
        0 => "no selectors".to_owned(),
        _ => list.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    };
    let config = &snapshot.injector;
    match name {
        "hostNetwork" => match pod.at(&["spec", "hostNetwork"]).and_then(Value::as_bool) {
            Some(value) => format!("hostNetwork: {value}"),
            None => "no hostNetwork".to_owned(),
        },
        "namespace" => text(pod, &["metadata", "namespace"]).to_owned(),
        "label" => said(INJECT, label(pod, INJECT)),
        "annotation" => said(INJECT, annotation(pod, INJECT)),
        WINDOWS => said("os.name", pod.at(&["spec", "os", "name"]).and_then(Value::as_str)),
        JOB => match facts::controller(pod) {
            Some(owner) => format!("made by a {}", text(owner, &["kind"])),
            None => "made by no controller".to_owned(),
        },
        "neverInjectSelector" => selectors(&config.never_inject),
        "alwaysInjectSelector" => selectors(&config.always_inject),
        _ => match &config.policy {
            Policy::Enabled => "policy: enabled".to_owned(),
            Policy::Disabled => "policy: disabled".to_owned(),
            Policy::Other(name) => format!("policy: {name:?}"),
        },
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
