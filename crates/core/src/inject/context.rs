//! [`Context`]: everything about one injection that no longer changes while the pod is being worked on.
//! Never: the pod as it becomes.

use std::collections::BTreeMap;

use pillion_govalue::Value;

use super::declared::Resolved;
use crate::config::{NamespaceFacts, Snapshot};

/// One injection.
pub(crate) struct Context<'s, 'r> {
    /// The configuration.
    pub(crate) snapshot: &'s Snapshot,
    /// The pod as it came, its namespace filled in.
    pub(crate) original: Value<'r>,
    /// The effective `ProxyConfig` of this pod, in normal form.
    pub(crate) proxy_config: Value<'static>,
    /// Variables for the sidecar: the parameters of the request's path, cluster and network.
    pub(crate) proxy_env: BTreeMap<String, String>,
    /// What is known of the pod's namespace (OpenShift only).
    pub(crate) namespace_facts: Option<&'s NamespaceFacts>,
    /// What the annotations that the profile declares come to.
    pub(crate) declared: Resolved,
    /// Whether the sidecar is to be a native one.
    pub(crate) native: bool,
}
