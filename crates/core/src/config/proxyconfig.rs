//! The effective `ProxyConfig` of a pod, out of the mesh configuration, ProxyConfig resources and the pod's
//! annotation (pilot/pkg/model/proxy_config.go of Istio), and its short form for the pod.
//! Never: what a resource is and which of them counts (see `resource`).

mod resource;

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Map, Value};

use super::mesh::{MeshError, check, default_proxy_config, merge_proxy_config_message, read_yaml};
use super::{Gates, Mesh, Messages, jsonpb};

pub use resource::{ProxyConfigResource, ProxyConfigs};

/// The annotation that holds a pod's own `ProxyConfig`.
pub const ANNOTATION: &str = "proxy.istio.io/config";

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
pub fn effective<'l, 'r, L: Fn(&str) -> Option<&'l str>>(
    mesh: &Mesh,
    resources: &'r ProxyConfigs,
    target: &Target<'_, L>,
) -> Value<'static> {
    let empty = Map::new();
    let root = mesh.root_namespace();
    let layer = |resource: &'r ProxyConfigResource| &resource.layer;
    let global = (!root.is_empty()).then(|| resources.of_namespace(root)).flatten().map(layer);
    let own =
        (target.namespace != root).then(|| resources.of_namespace(target.namespace)).flatten().map(layer);
    let workload = resources.of_workload(target.namespace, &target.label).map(layer);
    if global.is_none() && own.is_none() && workload.is_none() && target.annotation.is_none() {
        return mesh.usual_proxy_config().clone();
    }
    let annotation = target.annotation.and_then(|text| annotation_layer(text, mesh.messages()).ok());
    let namespaces = [global, own].into_iter().flatten();
    Value::map(layered(mesh, namespaces, &annotation.unwrap_or_default(), workload.unwrap_or(&empty)))
}

/// What one layer of a pod's `ProxyConfig` sets.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer<'r> {
    /// Where it comes from.
    pub of: LayerOf,
    /// The resource, where it comes from one.
    pub resource: Option<&'r ProxyConfigResource>,
    /// What it sets; layers above it may set it otherwise.
    pub sets: Map<'static>,
}

/// Where a layer comes from, the lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerOf {
    /// `defaultConfig` of the mesh configuration.
    Mesh,
    /// A resource in the mesh's root namespace.
    RootNamespace,
    /// A resource in the pod's namespace.
    Namespace,
    /// The annotation `proxy.istio.io/config`.
    Annotation,
    /// A resource that selects the pod.
    Workload,
}

impl LayerOf {
    /// The name, for people and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mesh => "mesh",
            Self::RootNamespace => "rootNamespace",
            Self::Namespace => "namespace",
            Self::Annotation => "annotation",
            Self::Workload => "workload",
        }
    }
}

/// The layers that [`effective`] lays over the defaults, the lowest first; those that are not there left out.
#[must_use]
pub fn layers<'l, 'r, L: Fn(&str) -> Option<&'l str>>(
    mesh: &Mesh,
    resources: &'r ProxyConfigs,
    target: &Target<'_, L>,
) -> Vec<Layer<'r>> {
    let root = mesh.root_namespace();
    let global = (!root.is_empty()).then(|| resources.of_namespace(root)).flatten();
    let own = (target.namespace != root).then(|| resources.of_namespace(target.namespace)).flatten();
    let workload = resources.of_workload(target.namespace, &target.label);
    let annotation = target.annotation.and_then(|text| annotation_layer(text, mesh.messages()).ok());
    let set = |of, sets: Map<'static>| Layer { of, resource: None, sets };
    let resource = |of, resource: Option<&'r ProxyConfigResource>| {
        resource.map(|resource| Layer { of, resource: Some(resource), sets: resource.layer.clone() })
    };
    [
        mesh.default_config()
            .as_map()
            .map(|sets| set(LayerOf::Mesh, beyond(sets, mesh.code_default_config()))),
        resource(LayerOf::RootNamespace, global),
        resource(LayerOf::Namespace, own),
        annotation.map(|sets| set(LayerOf::Annotation, sets)),
        resource(LayerOf::Workload, workload),
    ]
    .into_iter()
    .flatten()
    .filter(|layer| !layer.sets.is_empty())
    .collect()
}

/// What `config` says that `defaults` do not say alike.
fn beyond(config: &Map<'static>, defaults: &Map<'static>) -> Map<'static> {
    let mut said = config.clone();
    said.retain(|key, value| defaults.get(key) != Some(value));
    said
}

/// The layers one over the other: first those of namespaces, at last the pod's own.
pub(super) fn layered<'m>(
    mesh: &Mesh,
    namespaces: impl IntoIterator<Item = &'m Map<'static>>,
    annotation: &Map<'static>,
    workload: &Map<'static>,
) -> Map<'static> {
    let empty = Map::new();
    let code = mesh.code_default_config();
    let mut config = merge_proxy_config_message(code, mesh.default_config().as_map().unwrap_or(&empty));
    for layer in namespaces {
        config = merge_proxy_config_message(&config, layer);
    }
    merge_proxy_config_message(&config, &merge_proxy_config_message(annotation, workload))
}

fn annotation_layer(text: &str, messages: Messages) -> Result<Map<'static>, MeshError> {
    let mut layer = Map::new();
    jsonpb::apply(&mut layer, &read_yaml(text)?, KNOWN.proxy_config, messages)?;
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
    jsonpb::apply(&mut config, &read_yaml(text)?, KNOWN.proxy_config, gates.messages)?;
    let errors = check::proxy_config(&Value::map(config), gates).errors;
    if errors.is_empty() { Ok(()) } else { Err(MeshError::Invalid(errors)) }
}

#[cfg(test)]
mod tests;
