//! Finding containers, environment and metadata in a pod's tree. Absent, null and empty read alike, as they do
//! in Go's typed pod. Never decides anything.

use pillion_govalue::{Map, Value};

/// The sidecar (Istio's `ProxyContainerName`).
pub(crate) const PROXY: &str = "istio-proxy";
/// The init container that sets up the redirect.
pub(crate) const INIT: &str = "istio-init";
/// The init container that checks a redirect made by the CNI plugin.
pub(crate) const VALIDATION: &str = "istio-validation";
/// The init container of old releases that sets the core dump pattern.
pub(crate) const CORE_DUMP: &str = "enable-core-dump";

/// Which list of containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum List {
    /// `spec.containers`.
    Containers,
    /// `spec.initContainers`.
    InitContainers,
}

impl List {
    /// The list's key under `spec`.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Containers => "containers",
            Self::InitContainers => "initContainers",
        }
    }
}

/// Both lists, in the order in which annotations have them.
pub(crate) const LISTS: [List; 2] = [List::Containers, List::InitContainers];

/// Something for each container of either list, as annotations of an earlier injection have it.
#[derive(Clone, Debug, Default)]
pub(crate) struct PerList<T> {
    containers: Vec<T>,
    init_containers: Vec<T>,
}

impl<T> PerList<T> {
    pub(crate) const fn get(&self, which: List) -> &Vec<T> {
        match which {
            List::Containers => &self.containers,
            List::InitContainers => &self.init_containers,
        }
    }

    pub(crate) const fn get_mut(&mut self, which: List) -> &mut Vec<T> {
        match which {
            List::Containers => &mut self.containers,
            List::InitContainers => &mut self.init_containers,
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.containers.is_empty() && self.init_containers.is_empty()
    }
}

/// The containers of one list.
pub(crate) fn list<'p, 'r>(pod: &'p Value<'r>, which: List) -> &'p [Value<'r>] {
    pod.at(&["spec", which.key()]).and_then(Value::as_list).unwrap_or_default()
}

/// The containers of one list, for writing; `None` if the pod has no such list.
pub(crate) fn list_mut<'p, 'r>(pod: &'p mut Value<'r>, which: List) -> Option<&'p mut Vec<Value<'r>>> {
    pod.get_mut("spec")?.get_mut(which.key())?.as_list_mut()
}

/// A container's name; empty if it has none.
pub(crate) fn name<'p>(container: &'p Value<'_>) -> &'p str {
    container.get("name").and_then(Value::as_str).unwrap_or_default()
}

/// The first container of that name in one list.
pub(crate) fn find<'p, 'r>(pod: &'p Value<'r>, which: List, wanted: &str) -> Option<&'p Value<'r>> {
    list(pod, which).iter().find(|c| name(c) == wanted)
}

/// The first container of that name in one list, for writing.
pub(crate) fn find_mut<'p, 'r>(
    pod: &'p mut Value<'r>,
    which: List,
    wanted: &str,
) -> Option<&'p mut Value<'r>> {
    list_mut(pod, which)?.iter_mut().find(|c| name(c) == wanted)
}

/// The sidecar: among the containers, else among the init containers (native sidecar).
pub(crate) fn sidecar<'p, 'r>(pod: &'p Value<'r>) -> Option<&'p Value<'r>> {
    find(pod, List::Containers, PROXY).or_else(|| find(pod, List::InitContainers, PROXY))
}

/// The sidecar, for writing.
pub(crate) fn sidecar_mut<'p, 'r>(pod: &'p mut Value<'r>) -> Option<&'p mut Value<'r>> {
    let which =
        if find(pod, List::Containers, PROXY).is_some() { List::Containers } else { List::InitContainers };
    find_mut(pod, which, PROXY)
}

/// The pod's annotation `key`; a null value reads as empty.
pub(crate) fn annotation<'p>(pod: &'p Value<'_>, key: &str) -> Option<&'p str> {
    pod.at(&["metadata", "annotations", key]).map(|value| value.as_str().unwrap_or_default())
}

/// The pod's annotations, in source order; a null value reads as empty.
pub(crate) fn annotations<'p>(pod: &'p Value<'_>) -> impl Iterator<Item = (&'p str, &'p str)> {
    pod.at(&["metadata", "annotations"])
        .and_then(Value::as_map)
        .into_iter()
        .flat_map(Map::iter)
        .map(|(key, value)| (key.as_str(), value.as_str().unwrap_or_default()))
}

/// The pod's `metadata.annotations` or `metadata.labels` for writing, made if missing.
/// `None` only if the pod is no object, which the check has ruled out.
pub(crate) fn metadata_mut<'p, 'r>(pod: &'p mut Value<'r>, key: &'static str) -> Option<&'p mut Map<'r>> {
    pod.child_map("metadata")?;
    pod.get_mut("metadata")?.child_map(key)
}

/// An environment variable's value, if the container sets it literally.
pub(crate) fn env<'p>(container: &'p Value<'_>, wanted: &str) -> Option<&'p str> {
    let all = container.get("env").and_then(Value::as_list)?;
    let found = all.iter().find(|e| name(e) == wanted)?;
    Some(found.get("value").and_then(Value::as_str).unwrap_or_default())
}

/// `{name, value}` as an item of `env`.
pub(crate) fn env_var<'r>(name: &str, value: &str) -> Value<'r> {
    Map::from_iter([("name", String::from(name)), ("value", String::from(value))]).into()
}

/// Go's `strconv.ParseBool`.
pub(crate) fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}
