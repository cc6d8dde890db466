//! What whoever starts the injector says, and what is known of the cluster. Never: where they got it from.

use std::collections::BTreeMap;

use super::Level;

/// Whether sidecars are native ones: init containers that stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NativeSidecars {
    /// Always.
    True,
    /// Never, unless a pod asks.
    False,
    /// Where every node a pod may run on knows them.
    #[default]
    Auto,
}

/// A platform with rules of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Platform {
    /// Plain Kubernetes.
    #[default]
    None,
    /// OpenShift: users and groups come from the namespace.
    OpenShift,
    /// Google Cloud.
    Gcp,
}

/// What the injector is told when it starts.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The revision this injector serves.
    pub revision: String,
    /// The namespace it runs in: the mesh's root.
    pub namespace: String,
    /// Whether sidecars are native.
    pub native_sidecars: NativeSidecars,
    /// The platform.
    pub platform: Platform,
    /// The compliance policy that templates are told; empty for none.
    pub compliance_policy: String,
    /// The release to behave like; `None` to tell it from the configuration.
    pub compat: Option<Level>,
    /// What the template function `env` may see.
    pub env: BTreeMap<String, String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            revision: String::from("default"),
            namespace: String::from("istio-system"),
            native_sidecars: NativeSidecars::default(),
            platform: Platform::default(),
            compliance_policy: String::new(),
            compat: None,
            env: BTreeMap::new(),
        }
    }
}

/// What is known of a cluster. By default nothing is, as for an injector without access to one.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    /// Namespaces by name.
    pub namespaces: BTreeMap<String, NamespaceFacts>,
    /// The nodes; `None` where they are not known.
    pub nodes: Option<Vec<NodeFacts>>,
}

/// What is read of a namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamespaceFacts {
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
}

/// What is read of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeFacts {
    /// Its name.
    pub name: String,
    /// The version of its kubelet, `v1.33.1`.
    pub kubelet_version: String,
}
