//! The mesh configuration: code defaults, then the shared source, then the ConfigMap's `mesh`, in normal form.
//! Never: the ProxyConfig resources (see `proxyconfig`), or where the text comes from.

pub(crate) mod check;
mod defaults;
mod layer;

use pillion_govalue::{Map, Value};

use super::jsonpb::{Messages, ProtoError};
use super::{Gates, proxyconfig};

pub(crate) use defaults::proxy_config as default_proxy_config;
pub(crate) use layer::{
    proxy_config as merge_proxy_config, proxy_config_message as merge_proxy_config_message,
};

/// Text that cannot become, or may not be, a mesh or proxy configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MeshError {
    /// No YAML.
    #[error("{0}")]
    Yaml(String),
    /// YAML of another shape than the message.
    #[error("{0}")]
    Shape(#[from] ProtoError),
    /// Readable, but refused by Istio's own validation.
    #[error("{}", .0.join("; "))]
    Invalid(Vec<String>),
}

/// The effective mesh configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Mesh {
    /// `MeshConfig` in normal form; `defaultConfig` is always there.
    pub config: Value<'static>,
    /// The release whose defaults and rules count.
    gates: Gates,
    /// The `ProxyConfig` of a pod for which nothing else says anything.
    usual: Value<'static>,
}

impl Default for Mesh {
    fn default() -> Self {
        Self::of(&Gates::default())
    }
}

impl Mesh {
    /// The configuration of a mesh that nobody configured, as a release has it.
    #[must_use]
    pub fn of(gates: &Gates) -> Self {
        let config = Value::map(defaults::mesh_config(!gates.no_default_tracing, gates.messages));
        Self::new(config, gates.clone())
    }

    fn new(config: Value<'static>, gates: Gates) -> Self {
        let mut mesh = Self { config, gates, usual: Value::Null };
        mesh.usual = Value::map(proxyconfig::layered(&mesh, [], &Map::new(), &Map::new()));
        mesh
    }

    /// This configuration under another source of YAML; with it what Istio would warn of.
    ///
    /// # Errors
    /// Text that is no YAML, does not fit `MeshConfig`, or gives a configuration that Istio refuses.
    pub fn layered(&self, yaml: &str) -> Result<(Self, Vec<String>), MeshError> {
        let json = read_yaml(yaml)?;
        let empty = Map::new();
        let config = layer::mesh(self.config.as_map().unwrap_or(&empty), &json, self.gates.messages)?;
        let mesh = Self::new(Value::map(config), self.gates.clone());
        let found = check::mesh(&mesh.config, &mesh.gates);
        if found.errors.is_empty() {
            Ok((mesh, found.warnings))
        } else {
            Err(MeshError::Invalid(found.errors))
        }
    }

    /// The fields that messages of this release have.
    pub(super) const fn messages(&self) -> Messages {
        self.gates.messages
    }

    /// `defaultConfig`: the `ProxyConfig` of every proxy, in normal form.
    #[must_use]
    pub fn default_config(&self) -> &Value<'static> {
        self.config.get("defaultConfig").unwrap_or(&Value::Null)
    }

    /// The effective `ProxyConfig` of a pod that neither an annotation nor a resource says anything of: always the same
    /// tree.
    #[must_use]
    pub const fn usual_proxy_config(&self) -> &Value<'static> {
        &self.usual
    }

    /// What `defaultConfig` is when nobody configures it.
    #[must_use]
    pub fn code_default_config(&self) -> &'static Map<'static> {
        defaults::proxy_config(!self.gates.no_default_tracing)
    }

    /// `defaultConfig` with the text of an annotation `proxy.istio.io/config` over it.
    ///
    /// # Errors
    /// Text that is no YAML or does not fit `ProxyConfig`.
    pub fn with_proxy_config(&self, yaml: &str) -> Result<Value<'static>, MeshError> {
        let json = read_yaml(yaml)?;
        let empty = Map::new();
        let base = self.default_config().as_map().unwrap_or(&empty);
        Ok(Value::map(merge_proxy_config(base, &json, self.gates.messages)?))
    }

    /// The mesh with that text in its `defaultConfig` already: how files are injected, where each pod has a mesh
    /// configuration of its own (`IntoObject` of Istio).
    ///
    /// # Errors
    /// As [`Self::with_proxy_config`].
    pub fn of_pod(&self, yaml: &str) -> Result<Self, MeshError> {
        let default_config = self.with_proxy_config(yaml)?;
        let mut config = self.config.clone();
        if let Some(config) = config.as_map_mut() {
            config.insert("defaultConfig", default_config);
        }
        Ok(Self::new(config, self.gates.clone()))
    }

    /// The port on which the agent answers probes, by `defaultConfig`.
    #[must_use]
    pub fn status_port(&self) -> i64 {
        self.default_config().get("statusPort").and_then(Value::as_i64).unwrap_or_default()
    }

    /// Whether the agent merges the application's metrics into its own; on unless switched off.
    #[must_use]
    pub fn enable_prometheus_merge(&self) -> bool {
        self.config.get("enablePrometheusMerge").and_then(Value::as_bool).unwrap_or(true)
    }

    /// `localhost` or `passthrough`, as templates are told.
    #[must_use]
    pub fn inbound_traffic_policy_mode(&self) -> &'static str {
        match self.config.at(&["inboundTrafficPolicy", "mode"]).and_then(Value::as_str) {
            Some("LOCALHOST") => "localhost",
            _ => "passthrough",
        }
    }

    /// The namespace whose ProxyConfig resources count for every namespace.
    #[must_use]
    pub fn root_namespace(&self) -> &str {
        self.config.get("rootNamespace").and_then(Value::as_str).unwrap_or_default()
    }
}

/// YAML as jsonpb sees it after Go's conversion to JSON.
pub(crate) fn read_yaml(text: &str) -> Result<Value<'static>, MeshError> {
    pillion_goyaml::parse(text).map_err(|e| MeshError::Yaml(e.to_string()))
}

#[cfg(test)]
mod tests;
