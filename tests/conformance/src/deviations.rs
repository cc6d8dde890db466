//! Where Pillion differs from Istio on purpose: each row says why, and which differences it excuses. A pod all of
//! whose differences are excused is counted apart. A row that excuses nothing in a whole run is a gap.

use serde_json::Value;

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
        excuses: |_, pair, _| {
            let keys = |v: &Value| v.as_object().map_or(vec![], |o| o.keys().cloned().collect());
            keys(pair.case.pod())
                .iter()
                .any(|key: &String| key.chars().any(char::is_uppercase) && key != "apiVersion")
        },
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
];

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
