//! Where Pillion differs from Istio on purpose: each row says why, and which differences it excuses. A pod all of
//! whose differences are excused is counted apart. A row that excuses nothing in a whole run is a gap.

use serde_json::Value;

use crate::answer::Verdict;
use crate::compare::Difference;
use crate::judge::Pair;
use crate::run::Job;

/// One deliberate difference.
#[derive(Debug)]
pub struct Deviation {
    /// Its name in reports.
    pub name: &'static str,
    /// Why Pillion does not do as Istio does.
    pub why: &'static str,
    excuses: fn(&Job<'_>, &Pair<'_>, &Difference) -> bool,
}

/// All of them.
pub const TABLE: &[Deviation] = &[
    Deviation {
        name: "keys in another case",
        why: "Go reads `Spec` as `spec`; API servers do not, and never send it",
        excuses: |_, pair, _| has_keys_in_another_case(pair.case.pod()),
    },
    Deviation {
        name: "integers above 2^53",
        why: "Istio merges through float64 and refuses or rounds them; Pillion keeps every integer",
        excuses: |_, pair, _| has_large_integer(pair.case.pod()),
    },
    Deviation {
        name: "creation time",
        why: "old releases write a null creationTimestamp into every override and so delete it from the pod",
        excuses: |_, _, difference| {
            difference.path == "metadata.creationTimestamp" && difference.istio.is_none()
        },
    },
    Deviation {
        name: "label deploymentconfig",
        why: "old releases take the label off before they remember the pod, and the patch may replace all labels",
        excuses: |_, _, difference| {
            difference.path == "metadata.labels.deploymentconfig" && difference.istio.is_none()
        },
    },
    Deviation {
        name: "users on OpenShift",
        why: "Istio drops the sidecar's user before it remembers the pod; its patch then leaves it on another container, or \
              on the sidecar where no template gives it another",
        excuses: |job, pair, difference| {
            let left = difference.path.contains("[istio-proxy]") && difference.pillion.is_none();
            job.configuration.env("PLATFORM") == Some("openshift")
                && has_own_proxy(pair.case.pod())
                && (left || !difference.path.contains("[istio-"))
                && (difference.path.ends_with("securityContext.runAsGroup")
                    || difference.path.ends_with("securityContext.runAsUser"))
        },
    },
    Deviation {
        name: "order of what is not there",
        why: "Istio gives up on $setElementOrder for a list that the pod does not have; there is nothing to order",
        excuses: |_, pair, _| {
            pair.pillion.verdict == Verdict::Injected
                && pair.istio.message.ends_with("expected a []interface {}, but received a %!s(<nil>)")
        },
    },
    Deviation {
        name: "kinds of newer fields",
        why: "what an old release does not know of a pod it does not read; to Pillion the field is known, and must be of its kind",
        excuses: |job, pair, difference| {
            job.release != "latest"
                && ["(verdict)", "(message)"].contains(&difference.path.as_str())
                && pair.pillion.verdict == Verdict::Refused
                && a_later_fault(&pair.istio.message, &pair.pillion.message)
        },
    },
    Deviation {
        name: "fields of newer releases",
        why: "a template that reads a field which its release does not have yet fails there; Pillion shows it to every template",
        excuses: |_, pair, _| {
            pair.pillion.verdict == Verdict::Injected
                && names_a_field(pair, "*inject.SidecarTemplateData", NEWER_FIELDS)
        },
    },
    Deviation {
        name: "structs printed whole",
        why: "Go prints the fields that the release's types have, and one or two spaces between a message's, by a coin \
              tossed when it is built; Pillion's types are the newest release's, and its spaces are two",
        excuses: |job, pair, difference| {
            let one_space =
                |side: &Option<Value>| side.as_ref().and_then(Value::as_str).map(|s| s.replace("  ", " "));
            asks_for(pair, "whole-")
                && difference.path.contains("go.example.org/")
                && (job.release != "latest" || one_space(&difference.istio) == one_space(&difference.pillion))
        },
    },
    Deviation {
        name: "the owner's metadata",
        why: "up to 1.21 .DeploymentMeta is the pod's whole metadata under the owner's name; Pillion shows name and namespace",
        excuses: |job, pair, _| {
            (job.release.starts_with("1.20.") || job.release.starts_with("1.21."))
                && pair.pillion.verdict == Verdict::Refused
                && pair.pillion.message.contains("in type types.NamespacedName")
        },
    },
];

/// Whether a field of the pod is named in another case, as far as its top says so.
#[must_use]
pub fn has_keys_in_another_case(pod: &Value) -> bool {
    let mut keys =
        pod.as_object().into_iter().flat_map(serde_json::Map::keys).filter(|key| *key != "apiVersion");
    keys.any(|key| key.chars().any(char::is_uppercase))
}

/// Whether the pod asks for a template of the corpus whose name begins so.
fn asks_for(pair: &Pair<'_>, name: &str) -> bool {
    let asked = pair.case.pod()["metadata"]["annotations"]["inject.istio.io/templates"].as_str();
    asked.unwrap_or_default().split(',').any(|asked| asked.trim().starts_with(name))
}

/// What templates see since some release: 1.20.4, 1.22, 1.27, 1.31.
const NEWER_FIELDS: &[&str] =
    &["CompliancePolicy", "InboundTrafficPolicyMode", "NativeSidecars", "ProxyInitImage"];

/// Whether Istio refuses because a type has not one of these fields.
fn names_a_field(pair: &Pair<'_>, of: &str, fields: &[&str]) -> bool {
    let said = |field: &&str| format!("can't evaluate field {field} in type {of}");
    fields.iter().any(|field| pair.istio.message.contains(&said(field)))
}

/// Whether Pillion finds a value of the wrong kind where Istio finds none, or another one. Each fault's text goes as far as
/// the field's name or the value, so that one fault in other words is not taken for two.
fn a_later_fault(istio: &str, pillion: &str) -> bool {
    const FAULTS: [&str; 3] =
        ["json: cannot unmarshal", "quantities must match", "unable to parse quantity's suffix"];
    let fault = |said: &str| FAULTS.iter().find(|fault| said.starts_with(**fault)).copied();
    fault(pillion)
        .is_some_and(|found| fault(istio) != Some(found) || named_field(istio) != named_field(pillion))
}

/// The field that Go names where a value cannot be read.
fn named_field(said: &str) -> Option<&str> {
    let (_, field) = said.split_once("Go struct field ")?;
    field.split(' ').next()
}

/// The row that excuses a difference.
#[must_use]
pub fn excuse(job: &Job<'_>, pair: &Pair<'_>, difference: &Difference) -> Option<&'static Deviation> {
    TABLE.iter().find(|row| (row.excuses)(job, pair, difference))
}

fn has_large_integer(value: &Value) -> bool {
    const LARGEST_EXACT: u64 = 1 << 53;
    match value {
        Value::Number(n) => n
            .as_i64()
            .map_or_else(|| n.as_u64(), |i| Some(i.unsigned_abs()))
            .is_some_and(|n| n > LARGEST_EXACT),
        Value::Array(items) => items.iter().any(has_large_integer),
        Value::Object(members) => members.values().any(has_large_integer),
        _ => false,
    }
}

fn has_own_proxy(pod: &Value) -> bool {
    ["containers", "initContainers"]
        .iter()
        .filter_map(|list| pod["spec"][list].as_array())
        .flatten()
        .any(|container| container["name"] == "istio-proxy")
}

#[cfg(test)]
mod tests {
    use super::a_later_fault;

    #[test]
    fn a_fault_in_other_words_is_no_fault_of_a_newer_field() {
        let unread = |kind: &str, field: &str| {
            format!("json: cannot unmarshal {kind} into Go struct field Container.{field} of type string")
        };
        let (image, newer) =
            (unread("number", "spec.containers.image"), unread("number", "spec.workloadRef"));
        assert!(a_later_fault("", &newer), "Istio injects");
        assert!(a_later_fault(&image, &newer));
        assert!(a_later_fault("quantities must match", &newer));
        assert!(!a_later_fault(&image, &unread("bool", "spec.containers.image")));
        assert!(!a_later_fault(&image, "template: sidecar:1: no such thing"));
    }
}
