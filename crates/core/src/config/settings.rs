//! What whoever starts the injector says. Never: where they got it from.

use std::collections::BTreeMap;

use super::Level;

/// Whether sidecars are native ones: init containers that stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NativeSidecars {
    /// Always.
    True,
    /// Never, unless a pod asks.
    False,
    /// Always in releases that take this word for true (`1`, `t`, `TRUE` and the like, before 1.27), never in others.
    TrueOnce,
    /// Where every node a pod may run on knows them.
    #[default]
    Auto,
}

impl NativeSidecars {
    /// What `ENABLE_NATIVE_SIDECARS` says: what is neither `true` nor `auto` is no.
    #[must_use]
    pub fn parse(text: Option<&str>) -> Self {
        match text {
            None | Some("auto") => Self::Auto,
            Some("true") => Self::True,
            Some("1" | "t" | "T" | "TRUE" | "True") => Self::TrueOnce,
            Some(_) => Self::False,
        }
    }
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
    /// The id of the cluster that the injector belongs to; empty for the one that the values name.
    pub cluster_id: String,
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
            cluster_id: String::new(),
            compliance_policy: String::new(),
            compat: None,
            env: BTreeMap::new(),
        }
    }
}
