//! ProxyConfig resources: read as istiod's client reads them, put in order of age, and the one that counts for a
//! namespace or a workload. Never: merging (see the parent), or fetching them from a cluster.

use std::collections::{BTreeMap, HashMap};

use pillion_govalue::encode::instant;
use pillion_govalue::types::KNOWN;
use pillion_govalue::{Map, Value};

use crate::config::mesh::read_yaml;
use crate::config::{ConfigError, Gates, Messages, Source, jsonpb};
use crate::inject::check;

const GROUP: &str = "networking.istio.io";
const KIND: &str = "ProxyConfig";

/// A ProxyConfig resource, as far as injection reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct ProxyConfigResource {
    name: String,
    namespace: String,
    /// Seconds since 1970 and nanoseconds.
    created: (i64, u32),
    /// `matchLabels` of the selector; `None` without a selector.
    selector: Option<BTreeMap<String, String>>,
    pub(super) layer: Map<'static>,
}

/// When a resource was created that does not say so: Go's zero time, the first second of the year 1.
const NEVER: (i64, u32) = (-62_135_596_800, 0);

/// The members of the spec, and what they are called in the `ProxyConfig` of a proxy.
const MEMBERS: [(&str, &str); 3] =
    [("concurrency", "concurrency"), ("environmentVariables", "proxyMetadata"), ("image", "image")];

impl ProxyConfigResource {
    /// Reads one resource (`networking.istio.io`, kind ProxyConfig) from YAML or JSON. Its kind may be left out, as in
    /// the list that an API server sends.
    ///
    /// # Errors
    /// Text that is no YAML, another kind of resource, or metadata or a spec that do not fit.
    pub fn read(source: &Source<'_>) -> Result<Self, ConfigError> {
        let wrong = |message: String| ConfigError::new(source.name, message);
        let resource = read_yaml(source.text).map_err(|e| wrong(e.to_string()))?;
        if resource.as_map().is_none() {
            return Err(wrong(format!("a {} is no resource; a {KIND} is wanted", resource.kind_name())));
        }
        is_proxy_config(&resource).map_err(wrong)?;
        let metadata = resource.get("metadata").unwrap_or(&Value::Null);
        check::check(metadata, KNOWN.object_meta).map_err(|e| wrong(format!("metadata.{}: {e}", e.path)))?;
        let text = |key| metadata.get(key).and_then(Value::as_str).unwrap_or_default();
        let spec = read_spec(&resource).map_err(wrong)?;
        let selector = spec.get("selector").map(|selector| {
            let labels = selector.get("matchLabels").and_then(Value::as_map).into_iter().flat_map(Map::iter);
            labels.map(|(k, v)| (k.to_string(), String::from(v.as_str().unwrap_or_default()))).collect()
        });
        let layer = MEMBERS.iter().filter_map(|(key, member)| Some((*member, spec.get(key)?.clone())));
        Ok(Self {
            name: String::from(text("name")),
            namespace: String::from(text("namespace")),
            created: instant(text("creationTimestamp")).unwrap_or(NEVER),
            selector,
            layer: layer.collect(),
        })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    fn selects<'l>(&self, label: &impl Fn(&str) -> Option<&'l str>) -> bool {
        self.selector.as_ref().is_some_and(|labels| {
            !labels.is_empty() && labels.iter().all(|(key, value)| label(key) == Some(value))
        })
    }
}

fn is_proxy_config(resource: &Value<'_>) -> Result<(), String> {
    let text = |key| match resource.get(key) {
        None => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or_else(|| format!("{key}: no text")),
    };
    match text("kind")? {
        None | Some(KIND) => {}
        Some(other) => return Err(format!("kind {other:?} is not read here, only {KIND}")),
    }
    match text("apiVersion")? {
        Some(version) if version.split('/').next() != Some(GROUP) => {
            Err(format!("apiVersion {version:?}: a {KIND} of {GROUP} is wanted"))
        }
        _ => Ok(()),
    }
}

fn read_spec(resource: &Value<'_>) -> Result<Map<'static>, String> {
    let mut spec = Map::new();
    if let Some(given) = resource.get("spec") {
        jsonpb::apply(&mut spec, given, KNOWN.proxy_config_spec, Messages::newest())
            .map_err(|e| format!("spec: {e}"))?;
    }
    Ok(spec)
}

/// The ProxyConfig resources of a cluster by namespace, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProxyConfigs(HashMap<String, Vec<ProxyConfigResource>>);

impl ProxyConfigs {
    /// Puts resources in order: of a level the oldest counts, of one age the first by name.
    #[must_use]
    pub fn new(mut resources: Vec<ProxyConfigResource>, gates: &Gates) -> Self {
        let dotted = |r: &ProxyConfigResource| format!("{}.{}", r.name, r.namespace);
        resources.sort_by(|a, b| {
            a.created.cmp(&b.created).then_with(|| {
                if gates.proxy_configs_by_name { a.name.cmp(&b.name) } else { dotted(a).cmp(&dotted(b)) }
            })
        });
        let mut namespaces: HashMap<String, Vec<ProxyConfigResource>> = HashMap::new();
        for resource in resources {
            namespaces.entry(resource.namespace.clone()).or_default().push(resource);
        }
        Self(namespaces)
    }

    fn of(&self, namespace: &str) -> &[ProxyConfigResource] {
        self.0.get(namespace).map(Vec::as_slice).unwrap_or_default()
    }

    /// The resource of a namespace: its first without a selector.
    pub(super) fn of_namespace(&self, namespace: &str) -> Option<&ProxyConfigResource> {
        self.of(namespace).iter().find(|r| r.selector.is_none())
    }

    /// The resource of a workload: the first of its namespace all of whose labels it has.
    pub(super) fn of_workload<'l>(
        &self,
        namespace: &str,
        label: &impl Fn(&str) -> Option<&'l str>,
    ) -> Option<&ProxyConfigResource> {
        self.of(namespace).iter().find(|r| r.selects(label))
    }

    /// The same without the resources of this name.
    #[must_use]
    pub fn without(&self, namespace: &str, name: &str) -> Self {
        let mut rest = self.clone();
        if let Some(resources) = rest.0.get_mut(namespace) {
            resources.retain(|resource| resource.name != name);
        }
        rest
    }
}
