//! What is known of a pod from the pod itself and from the cluster's facts: its name, the workload it belongs to,
//! cluster and network, whether its sidecar can be a native one, and the ids that OpenShift gives its namespace.
//! Never: whether it is injected (see `decide`).

use std::collections::BTreeMap;

use pillion_govalue::Value;

use super::path::{CLUSTER, NETWORK};
use super::request::Owner;
use crate::config::{ClusterFacts, Gates, NamespaceFacts, NativeSidecars, Platform, Snapshot};

/// A string member; absent and null read as empty, as in Go's typed pod.
pub(crate) fn text<'p>(object: &'p Value<'_>, path: &[&str]) -> &'p str {
    object.at(path).and_then(Value::as_str).unwrap_or_default()
}

/// The label `key`; a null value reads as empty.
pub(crate) fn label<'p>(pod: &'p Value<'_>, key: &str) -> Option<&'p str> {
    pod.at(&["metadata", "labels", key]).map(|v| v.as_str().unwrap_or_default())
}

/// The workload that a pod most likely belongs to, by the rules of Istio's `GetDeployMetaFromPod`.
pub(crate) fn owner(pod: &Value<'_>, gates: &Gates) -> Owner {
    let mut owner = Owner {
        name: String::new(),
        namespace: String::from(text(pod, &["metadata", "namespace"])),
        kind: String::from("Pod"),
        api_version: String::from("v1"),
    };
    // Only a generated name says that somebody else made the pod.
    let generated = pod.at(&["metadata", "generateName"]);
    if matches!(generated, Some(Value::Str(name)) if !name.is_empty())
        && let Some(controller) = controller(pod)
    {
        owner.name = String::from(text(controller, &["name"]));
        owner.kind = String::from(text(controller, &["kind"]));
        owner.api_version = String::from(text(controller, &["apiVersion"]));
        look_behind(&mut owner, pod, gates);
    }
    if owner.name.is_empty() {
        owner.name = String::from(text(pod, &["metadata", "name"]));
    }
    owner
}

/// The reference to whatever made the pod and keeps it.
#[must_use]
pub fn controller<'p, 'r>(pod: &'p Value<'r>) -> Option<&'p Value<'r>> {
    let references = pod.at(&["metadata", "ownerReferences"])?.as_list()?;
    references.iter().find(|r| r.get("controller").and_then(Value::as_bool) == Some(true))
}

/// A controller that a workload made for itself stands for that workload.
fn look_behind(owner: &mut Owner, pod: &Value<'_>, gates: &Gates) {
    match owner.kind.as_str() {
        "ReplicaSet" => {
            if let Some(name) = without_hash(&owner.name, label(pod, "pod-template-hash")) {
                owner.name = name;
                owner.kind = String::from("Deployment");
            } else if gates.argo_rollouts
                && let Some(name) = without_hash(&owner.name, label(pod, "rollouts-pod-template-hash"))
            {
                owner.name = name;
                owner.kind = String::from("Rollout");
                owner.api_version = String::from("v1alpha1");
            }
        }
        "ReplicationController" => {
            if let Some(config) = label(pod, "deploymentconfig").filter(|c| !c.is_empty()) {
                owner.name = String::from(config);
                owner.kind = String::from("DeploymentConfig");
            }
        }
        "Job" => {
            if let Some(name) = without_timestamp(&owner.name) {
                owner.name = String::from(name);
                owner.kind = String::from("CronJob");
                let version = if gates.cronjob_v1 { "batch/v1" } else { "batch/v1beta1" };
                owner.api_version = String::from(version);
            }
        }
        _ => {}
    }
}

/// The name without the hash that ends it; a hash that is not set apart by a dash stays in the name.
fn without_hash(name: &str, hash: Option<&str>) -> Option<String> {
    let head = name.strip_suffix(hash.filter(|h| !h.is_empty())?)?;
    Some(String::from(head.strip_suffix('-').unwrap_or(name)))
}

/// `backup-28391040` → `backup`: a CronJob names its jobs by the minute they start.
fn without_timestamp(name: &str) -> Option<&str> {
    let (head, digits) = name.rsplit_once('-')?;
    let stamp = (8..=10).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    (stamp && !head.is_empty()).then_some(head)
}

/// Cluster and network of the pod: the pod's own label, before the request's path, before the values.
pub(crate) fn cluster_and_network<'p>(
    pod: &'p Value<'_>,
    snapshot: &'p Snapshot,
    parameters: &'p BTreeMap<String, String>,
) -> (&'p str, &'p str) {
    let given = |key: &str| parameters.get(key).map(String::as_str).filter(|v| !v.is_empty());
    let cluster = given(CLUSTER).unwrap_or_else(|| snapshot.values.cluster_name());
    let network = label(pod, "topology.istio.io/network")
        .or_else(|| given(NETWORK))
        .unwrap_or_else(|| snapshot.values.network());
    (cluster, network)
}

/// Whether the sidecar of this pod is to be a native one, an init container that stays, and what says so: the switch,
/// the node that the pod is bound to, or every node. With no cluster to look at only the switch counts.
pub(crate) fn native_sidecar(
    snapshot: &Snapshot,
    pod: &Value<'_>,
    cluster: Option<&ClusterFacts>,
) -> (bool, &'static str) {
    let found_out = snapshot.gates.native_auto;
    match snapshot.settings.native_sidecars {
        NativeSidecars::True => (true, "switch"),
        NativeSidecars::False => (false, "switch"),
        NativeSidecars::TrueOnce => (!found_out, "switch"),
        NativeSidecars::Auto if !found_out => (false, "release"),
        NativeSidecars::Auto => {
            let Some(nodes) = cluster.and_then(|c| c.nodes.as_ref()) else { return (false, "nodes unknown") };
            match nodes.node_is_native(text(pod, &["spec", "nodeName"])) {
                Some(native) => (native, "its node"),
                None => (nodes.all_are_native(), "all nodes"),
            }
        }
    }
}

/// What is known of the pod's namespace in its cluster; asked for on OpenShift only.
pub(crate) fn openshift_namespace<'s>(
    snapshot: &'s Snapshot,
    pod: &Value<'_>,
    cluster: Option<&'s ClusterFacts>,
) -> Option<&'s NamespaceFacts> {
    if snapshot.settings.platform != Platform::OpenShift {
        return None;
    }
    let cluster = if snapshot.gates.namespace_by_cluster { cluster? } else { &snapshot.cluster.local };
    cluster.namespaces.get(text(pod, &["metadata", "namespace"]))
}

/// The user and group that the sidecar runs as unless it is told otherwise.
pub(crate) const PROXY_ID: i64 = 1337;

const UID_RANGE: &str = "openshift.io/sa.scc.uid-range";
const GROUPS: &str = "openshift.io/sa.scc.supplemental-groups";

/// User and group of the sidecar: on OpenShift the last of the ranges that the namespace was given.
pub(crate) fn proxy_ids(namespace: Option<&NamespaceFacts>) -> (i64, i64) {
    let annotation = |key: &str| namespace.and_then(|n| n.annotations.get(key)).map(String::as_str);
    let uid = annotation(UID_RANGE).and_then(last_id);
    let gid = annotation(GROUPS).or_else(|| annotation(UID_RANGE)).and_then(|groups| {
        // One broken range spoils the list; the first one counts.
        let ends: Option<Vec<i64>> = groups.split(',').map(last_id).collect();
        ends?.first().copied()
    });
    (uid.unwrap_or(PROXY_ID), gid.unwrap_or(PROXY_ID))
}

/// The last id of `start/size` or `start-end`. Ids are 32 bits wide and wrap, as in OpenShift. What follows the second
/// number is not looked at.
fn last_id(range: &str) -> Option<i64> {
    let slash = range.contains('/');
    let (start, rest) = number(range)?;
    let (second, _) = number(rest.strip_prefix(if slash { '/' } else { '-' })?)?;
    let last = if slash { start.wrapping_add(second).wrapping_sub(1) } else { second };
    Some(i64::from(last))
}

/// The number that the text begins with, as Go's `%d` scans it: blanks before it pass, a sign or a new line does not.
fn number(text: &str) -> Option<(u32, &str)> {
    let digits = text.trim_start();
    if text[..text.len() - digits.len()].contains('\n') {
        return None;
    }
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    Some((digits[..end].parse().ok()?, &digits[end..]))
}

#[cfg(test)]
mod tests;
