//! The effective `ProxyConfig` of a pod, out of the mesh configuration, ProxyConfig resources and the pod's
//! annotation (pilot/pkg/model/proxy_config.go of Istio), and its short form for the pod.
//! Never: reading the resources from a cluster.

use std::collections::BTreeMap;

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Map, Value};

use super::mesh::{MeshError, check, default_proxy_config, merge_proxy_config_message, read_yaml};
use super::{ConfigError, Gates, Mesh, Source, jsonpb};

/// The annotation that holds a pod's own `ProxyConfig`.
pub const ANNOTATION: &str = "proxy.istio.io/config";

/// A ProxyConfig resource, as far as injection reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct ProxyConfigResource {
    name: String,
    namespace: String,
    created: String,
    /// `matchLabels` of the selector; `None` without a selector.
    selector: Option<BTreeMap<String, String>>,
    layer: Map<'static>,
}

/// The three members of the resource, and what they are called in a `ProxyConfig`.
const MEMBERS: [(&str, &str); 3] =
    [("concurrency", "concurrency"), ("environmentVariables", "proxyMetadata"), ("image", "image")];

impl ProxyConfigResource {
    /// Reads one resource (`networking.istio.io`, kind ProxyConfig) from YAML or JSON.
    ///
    /// # Errors
    /// Text that is no YAML or whose `spec` does not fit.
    pub fn read(source: &Source<'_>) -> Result<Self, ConfigError> {
        let wrong = |message: String| ConfigError::new(source.name, message);
        let resource = read_yaml(source.text).map_err(|e| wrong(e.to_string()))?;
        let text = |key| resource.at(&["metadata", key]).and_then(Value::as_str).unwrap_or_default();
        let spec = resource.get("spec");
        let mut layer = Map::new();
        for (key, member) in MEMBERS {
            if let Some(value) = spec.and_then(|s| s.get(key)) {
                let one = Value::map([(member, value.clone())].into_iter().collect());
                jsonpb::apply(&mut layer, &one, KNOWN.proxy_config)
                    .map_err(|e| wrong(format!("spec: {e}")))?;
            }
        }
        let selector = spec.and_then(|s| s.get("selector")).filter(|s| !s.is_null()).map(|selector| {
            let labels = selector.get("matchLabels").and_then(Value::as_map);
            labels
                .into_iter()
                .flat_map(Map::iter)
                .filter_map(|(k, v)| Some((String::from(k.as_str()), String::from(v.as_str()?))))
                .collect()
        });
        Ok(Self {
            name: String::from(text("name")),
            namespace: String::from(text("namespace")),
            created: String::from(text("creationTimestamp")),
            selector,
            layer,
        })
    }
}

/// The ProxyConfig resources of a cluster, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProxyConfigs(Vec<ProxyConfigResource>);

impl ProxyConfigs {
    /// Orders resources: the oldest of a level counts, then the first by name. Timestamps are RFC 3339 in UTC, as
    /// an API server writes them, and so are in order as text.
    #[must_use]
    pub fn new(mut resources: Vec<ProxyConfigResource>) -> Self {
        resources.sort_by(|a, b| {
            let key = |r: &ProxyConfigResource| (r.created.clone(), r.name.clone(), r.namespace.clone());
            key(a).cmp(&key(b))
        });
        Self(resources)
    }

    /// The layer of a namespace: its first resource without a selector.
    fn of_namespace(&self, namespace: &str) -> Option<&Map<'static>> {
        self.0.iter().find(|r| r.namespace == namespace && r.selector.is_none()).map(|r| &r.layer)
    }

    /// The layer of a workload: the first resource of its namespace whose labels it has.
    fn of_workload<'l>(
        &self,
        namespace: &str,
        label: &impl Fn(&str) -> Option<&'l str>,
    ) -> Option<&Map<'static>> {
        let selects = |r: &&ProxyConfigResource| {
            r.selector.as_ref().is_some_and(|labels| {
                !labels.is_empty() && labels.iter().all(|(key, value)| label(key) == Some(value))
            })
        };
        self.0.iter().filter(|r| r.namespace == namespace).find(selects).map(|r| &r.layer)
    }
}

/// The pod whose configuration is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Target<'p, L> {
    /// Its namespace.
    pub namespace: &'p str,
    /// A label's value by its key.
    pub label: L,
    /// The text of its annotation `proxy.istio.io/config`.
    pub annotation: Option<&'p str>,
}

/// The effective `ProxyConfig`, in normal form. From the lowest layer: code defaults, the mesh's default, the
/// root namespace, the pod's namespace, the annotation, the resource that selects the pod. An annotation that
/// cannot be read is passed over here; checking the annotations refuses it.
#[must_use]
pub fn effective<'l, L: Fn(&str) -> Option<&'l str>>(
    mesh: &Mesh,
    resources: &ProxyConfigs,
    target: &Target<'_, L>,
) -> Value<'static> {
    let empty = Map::new();
    let code = mesh.code_default_config();
    let mut config = merge_proxy_config_message(code, mesh.default_config().as_map().unwrap_or(&empty));
    let root = mesh.root_namespace();
    let global = (!root.is_empty()).then(|| resources.of_namespace(root)).flatten();
    let own = (target.namespace != root).then(|| resources.of_namespace(target.namespace)).flatten();
    for layer in [global, own].into_iter().flatten() {
        config = merge_proxy_config_message(&config, layer);
    }
    let workload = resources.of_workload(target.namespace, &target.label).unwrap_or(&empty);
    let annotation = target.annotation.and_then(|text| annotation_layer(text).ok());
    let nearest = merge_proxy_config_message(&annotation.unwrap_or_default(), workload);
    Value::map(merge_proxy_config_message(&config, &nearest))
}

fn annotation_layer(text: &str) -> Result<Map<'static>, MeshError> {
    let mut layer = Map::new();
    jsonpb::apply(&mut layer, &read_yaml(text)?, KNOWN.proxy_config)?;
    Ok(layer)
}

/// Members that are left out of the pod's copy where they are what the agent assumes anyway. Others are written
/// even if they equal the default.
const CLEANED: [&str; 15] = [
    "configPath",
    "binaryPath",
    "controlPlaneAuthPolicy",
    "serviceCluster",
    "drainDuration",
    "terminationDrainDuration",
    "discoveryAddress",
    "envoyMetricsService",
    "envoyAccessLogService",
    "tracing",
    "proxyAdminPort",
    "statNameLength",
    "statusPort",
    "concurrency",
    "proxyMetadata",
];

/// The configuration as it is written into a pod: without what equals the defaults. `default_tracing`: the Zipkin
/// address of releases up to 1.21 counts as a default.
#[must_use]
pub fn clean_proxy_config<'v>(config: &Value<'v>, default_tracing: bool) -> Value<'v> {
    let defaults = default_proxy_config(default_tracing);
    let mut clean = config.clone();
    if let Some(map) = clean.as_map_mut() {
        map.retain(|key, value| !CLEANED.contains(&key) || defaults.get(key) != Some(value));
    }
    clean
}

/// Checks the text of the annotation `proxy.istio.io/config`, over the defaults as Istio does.
///
/// # Errors
/// Text that is no YAML, does not fit `ProxyConfig`, or gives a configuration that Istio refuses.
pub fn check_annotation(text: &str, gates: &Gates) -> Result<(), MeshError> {
    let mut config = default_proxy_config(false).clone();
    jsonpb::apply(&mut config, &read_yaml(text)?, KNOWN.proxy_config)?;
    let errors = check::proxy_config(&Value::map(config), gates).errors;
    if errors.is_empty() { Ok(()) } else { Err(MeshError::Invalid(errors)) }
}

#[cfg(test)]
mod tests;
