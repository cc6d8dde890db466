//! The configuration of an injector: from texts to one immutable [`Snapshot`].
//!
//! | file | what |
//! |---|---|
//! | `injector`, `selector`, `template` | policy, templates, label selectors |
//! | `values` | the chart's values |
//! | `mesh/`, `proxyconfig` | mesh configuration, its layers, the effective `ProxyConfig` of a pod |
//! | `jsonpb/` | protobuf messages out of JSON as Istio reads them |
//! | `decode` | Go structs out of YAML |
//! | `compat` | what differs between Istio's releases, as one table |
//! | `declared/` | annotations that a profile declares |
//! | `settings`, `cluster` | what the injector is told, what it knows of namespaces and nodes |
//! | `image` | the URLs of images |
//! | `error` | what is wrong and where |
//!
//! Never: files, clusters, environment; a text comes in, a snapshot or an error goes out.

mod cluster;
pub mod compat;
#[cfg(test)]
mod corpus;
pub mod declared;
mod decode;
mod error;
pub mod image;
mod injector;
pub(crate) mod jsonpb;
mod mesh;
pub mod proxyconfig;
mod selector;
mod settings;
mod snapshot;
mod template;
mod values;

pub use cluster::{Cluster, ClusterFacts, DEFAULT_CLUSTER_ID, NamespaceFacts, NodeFacts, Nodes};
pub use compat::{Gates, Level, Release};
pub use declared::Declared;
pub use error::{ConfigError, ConfigWarning};
pub use injector::{InjectorConfig, Policy, Skip};
pub use jsonpb::{Messages, ProtoError};
pub use mesh::{Mesh, MeshError};
pub use proxyconfig::{ProxyConfigResource, ProxyConfigs};
pub use selector::LabelSelector;
pub use settings::{NativeSidecars, Platform, Settings};
pub use snapshot::{Built, Snapshot};
pub use template::{CompiledTemplate, KnownRoots};
pub use values::Values;

/// One text of a configuration.
#[derive(Clone, Copy, Debug)]
pub struct Source<'t> {
    /// The file or the ConfigMap's key, for errors.
    pub name: &'t str,
    /// The text.
    pub text: &'t str,
}

/// The texts that a snapshot is made of.
#[derive(Clone, Debug)]
pub struct Sources<'t> {
    /// `config` of the ConfigMap `istio-sidecar-injector`.
    pub injector: Source<'t>,
    /// `values` of the same.
    pub values: Source<'t>,
    /// `mesh` of the ConfigMap `istio`.
    pub mesh: Option<Source<'t>>,
    /// The mesh configuration shared between installations, under the other.
    pub shared_mesh: Option<Source<'t>>,
    /// ProxyConfig resources, one a text.
    pub proxy_configs: Vec<Source<'t>>,
    /// `annotations` beside the injector's: what a profile declares of its own. Istio has none.
    pub annotations: Option<Source<'t>>,
}
