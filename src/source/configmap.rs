//! Configuration in a cluster: what watches have found of Istio's ConfigMaps or of our own, of ProxyConfig resources and of
//! the cluster itself, under the names that istiod reads them by. Never: the watches (they are `cluster`'s), and another
//! source for what is not there.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pillion_core::config::{Cluster, ClusterFacts, NamespaceFacts, Nodes, Settings};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::values::ValuesMap;
use super::{SourceError, Text, Texts, embedded};
use crate::watch::Changes;

/// A change is told once nothing has happened for this long: who installs Istio writes several objects.
const QUIET: Duration = Duration::from_millis(100);
/// What never comes to rest is told of after this long all the same.
const LONGEST: Duration = Duration::from_secs(1);

/// The ConfigMaps of one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The namespace of all of them.
    pub namespace: String,
    /// Templates and values: keys `config` and `values`.
    pub injector: String,
    /// The mesh configuration: key `mesh`.
    pub mesh: String,
    /// The mesh configuration under the other, where one is named: key `mesh`. It may be missing.
    pub shared: Option<String>,
}

impl Names {
    /// As istiod names them: the revision is a suffix, `default` is none.
    #[must_use]
    pub fn of(settings: &Settings, shared: Option<String>) -> Self {
        let suffix = match settings.revision.as_str() {
            "" | "default" => String::new(),
            revision => format!("-{revision}"),
        };
        Self {
            namespace: settings.namespace.clone(),
            injector: format!("istio-sidecar-injector{suffix}"),
            mesh: format!("istio{suffix}"),
            shared,
        }
    }

    /// What a text of this ConfigMap is called in errors; [`Names::object_of`] finds the ConfigMap again.
    fn text_name(&self, name: &str, key: &str) -> String {
        format!("{}key {key}", self.of_text(name))
    }

    /// Whether a ConfigMap of this name is one of them.
    #[must_use]
    pub fn is_one(&self, name: &str) -> bool {
        [Some(&self.injector), Some(&self.mesh), self.shared.as_ref()]
            .into_iter()
            .flatten()
            .any(|one| one == name)
    }

    /// Whether a message is about a text of this ConfigMap.
    #[must_use]
    pub fn is_named_in(&self, message: &str, name: &str) -> bool {
        message.contains(&self.of_text(name))
    }

    /// What the names of this ConfigMap's texts begin with.
    #[must_use]
    pub fn of_text(&self, name: &str) -> String {
        format!("ConfigMap {}/{name}, ", self.namespace)
    }

    /// Puts the texts of the ConfigMap `name` in the place of those that are there.
    ///
    /// # Errors
    /// A key that must be there and is not, named.
    pub fn replace(&self, texts: &mut Texts, name: &str, data: &[(String, String)]) -> Result<(), String> {
        let text = |key: &str| {
            let found = data.iter().find(|(known, _)| known == key);
            let full = self.text_name(name, key);
            found.map(|(_, text)| Text { name: full.clone(), text: text.clone() }).ok_or(full)
        };
        let lacks = |full: String| format!("{full}: the ConfigMap has no such key");
        if name == self.injector {
            texts.injector = text("config").map_err(lacks)?;
            texts.values = text("values").map_err(lacks)?;
            texts.annotations = text("annotations").ok();
        } else if name == self.mesh {
            texts.mesh = Some(text("mesh").map_err(lacks)?);
        } else if self.shared.as_deref() == Some(name) {
            // It may be missing, and so may its key.
            texts.shared_mesh = text("mesh").ok();
        }
        Ok(())
    }

    /// The ConfigMap that a message is about: the one that it names first, else the injector's.
    #[must_use]
    pub fn object_of(&self, message: &str) -> &str {
        let start = format!("ConfigMap {}/", self.namespace);
        let named = message.split_once(&start).map(|(_, rest)| {
            rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '.')
                .next()
                .unwrap_or_default()
        });
        let all = [Some(&self.injector), Some(&self.mesh), self.shared.as_ref()];
        all.into_iter().flatten().find(|name| named == Some(name.as_str())).unwrap_or(&self.injector)
    }
}

/// What is known of one thing that is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part<T> {
    /// Nothing yet, and why, if there is a reason.
    Awaited(Option<String>),
    /// It is not in the cluster.
    Missing,
    /// This is in the cluster, or was when the API server last said so.
    There(T),
}

/// Everything that is watched. What is not needed is `There` and empty from the beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The injector's ConfigMap, by key.
    pub injector: Part<BTreeMap<String, String>>,
    /// The mesh's.
    pub mesh: Part<BTreeMap<String, String>>,
    /// The shared mesh's.
    pub shared: Part<BTreeMap<String, String>>,
    /// That of values over the Envoy profile's, by key.
    pub values: Part<BTreeMap<String, String>>,
    /// ProxyConfig resources, one a text.
    pub proxy_configs: Part<Vec<Text>>,
    /// Namespaces by name.
    pub namespaces: Part<BTreeMap<String, NamespaceFacts>>,
    /// Nodes; `There(None)` where nobody needs them.
    pub nodes: Part<Option<Nodes>>,
}

/// Nothing is needed.
impl Default for State {
    fn default() -> Self {
        let nothing = || Part::There(BTreeMap::new());
        Self {
            injector: nothing(),
            mesh: nothing(),
            shared: nothing(),
            values: nothing(),
            proxy_configs: Part::There(Vec::new()),
            namespaces: Part::There(BTreeMap::new()),
            nodes: Part::There(None),
        }
    }
}

/// What the watches have found so far.
#[derive(Debug)]
pub struct Found {
    state: Mutex<State>,
    version: watch::Sender<u64>,
}

impl Found {
    /// Nothing found yet of what `state` says to be awaited.
    #[must_use]
    pub fn new(state: State) -> Self {
        Self { state: Mutex::new(state), version: watch::Sender::new(0) }
    }

    /// Changes what is known of one part to what `news` makes of it, if it makes anything, and tells those who listen if
    /// that is something else.
    pub fn update<T: PartialEq>(
        &self,
        part: impl FnOnce(&mut State) -> &mut Part<T>,
        news: impl FnOnce(&Part<T>) -> Option<Part<T>>,
    ) {
        let mut state = self.state();
        let part = part(&mut state);
        let Some(new) = news(part).filter(|new| new != part) else { return };
        *part = new;
        drop(state);
        self.version.send_modify(|version| *version += 1);
    }

    /// Changes from now on.
    #[must_use]
    pub fn changes(&self) -> FoundChanges {
        FoundChanges { version: self.version.subscribe() }
    }

    /// The texts in the ConfigMaps and the facts.
    ///
    /// # Errors
    /// Something is awaited or missing: everything that is, in one message.
    pub fn texts(&self, names: &Names) -> Result<Texts, SourceError> {
        let state = self.state();
        let mut lacking = Lacking::default();
        let key = |part: &Part<BTreeMap<String, String>>, name: &str, key: &str, lacking: &mut Lacking| {
            let full = names.text_name(name, key);
            match part {
                Part::There(data) => match data.get(key) {
                    Some(text) => return Some(Text { name: full, text: text.clone() }),
                    None => lacking.told(format!("{full}: the ConfigMap has no such key")),
                },
                Part::Missing => lacking.told(format!(
                    "ConfigMap {}/{name}, which is not there: --namespace and --revision say where to look",
                    names.namespace
                )),
                Part::Awaited(reason) => {
                    lacking.awaited(&format!("ConfigMap {}/{name}", names.namespace), reason)
                }
            }
            None
        };
        let injector = key(&state.injector, &names.injector, "config", &mut lacking);
        let values = match &state.injector {
            Part::There(_) => key(&state.injector, &names.injector, "values", &mut lacking),
            _ => None,
        };
        let annotations = match &state.injector {
            Part::There(data) => data.get("annotations").map(|text| Text {
                name: names.text_name(&names.injector, "annotations"),
                text: text.clone(),
            }),
            _ => None,
        };
        let mesh = key(&state.mesh, &names.mesh, "mesh", &mut lacking);
        let shared_mesh = match (&names.shared, &state.shared) {
            // It may be missing, and so may its key.
            (Some(name), Part::There(data)) => {
                data.get("mesh").map(|text| Text { name: names.text_name(name, "mesh"), text: text.clone() })
            }
            (Some(name), Part::Awaited(reason)) => {
                lacking.awaited(&format!("ConfigMap {}/{name}", names.namespace), reason);
                None
            }
            _ => None,
        };
        let proxy_configs = match &state.proxy_configs {
            Part::There(texts) => texts.clone(),
            Part::Missing => Vec::new(),
            Part::Awaited(reason) => {
                lacking.awaited("ProxyConfig resources", reason);
                Vec::new()
            }
        };
        let cluster = facts(&state, &mut lacking);
        match (injector, values, mesh) {
            (Some(injector), Some(values), mesh @ Some(_)) if lacking.what.is_empty() => Ok(Texts {
                injector,
                values,
                mesh,
                shared_mesh,
                proxy_configs,
                annotations,
                over: None,
                cluster,
            }),
            _ => Err(lacking.error()),
        }
    }

    /// The embedded profile with the cluster's facts, and with the values in a ConfigMap over its own.
    ///
    /// # Errors
    /// Facts are awaited, or whether that ConfigMap is there.
    pub fn embedded(&self, map: Option<&ValuesMap>) -> Result<Texts, SourceError> {
        let state = self.state();
        let mut lacking = Lacking::default();
        let over = match (map, &state.values) {
            (Some(map), Part::There(data)) => map.text(data),
            (Some(map), Part::Awaited(reason)) => {
                lacking.awaited(&map.to_string(), reason);
                None
            }
            _ => None,
        };
        let cluster = facts(&state, &mut lacking);
        if lacking.what.is_empty() {
            Ok(Texts { over, cluster, ..embedded::texts() })
        } else {
            Err(lacking.error())
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn facts(state: &State, lacking: &mut Lacking) -> Cluster {
    let namespaces = known(&state.namespaces, "namespaces", lacking);
    let nodes = known(&state.nodes, "nodes", lacking);
    Cluster { local: ClusterFacts { namespaces, nodes }, remotes: BTreeMap::new() }
}

fn known<T: Clone + Default>(part: &Part<T>, what: &str, lacking: &mut Lacking) -> T {
    match part {
        Part::There(known) => known.clone(),
        Part::Missing => T::default(),
        Part::Awaited(reason) => {
            lacking.awaited(what, reason);
            T::default()
        }
    }
}

/// What is lacking of a configuration, and why.
#[derive(Default)]
struct Lacking {
    what: Vec<String>,
    told: bool,
}

impl Lacking {
    fn told(&mut self, what: String) {
        self.what.push(what);
        self.told = true;
    }

    fn awaited(&mut self, what: &str, reason: &Option<String>) {
        match reason {
            Some(reason) => self.told(format!("{what}: {reason}")),
            None => self.what.push(what.to_owned()),
        }
    }

    fn error(self) -> SourceError {
        SourceError::Awaited { what: self.what.join("; "), told: self.told }
    }
}

/// Tells that something else was found.
#[derive(Debug)]
pub struct FoundChanges {
    version: watch::Receiver<u64>,
}

impl Changes for FoundChanges {
    async fn changed(&mut self) {
        if self.version.changed().await.is_err() {
            // Nobody watches any more: the process ends.
            std::future::pending::<()>().await;
        }
        let end = Instant::now() + LONGEST;
        while let Ok(Ok(())) = timeout_at(end.min(Instant::now() + QUIET), self.version.changed()).await {}
    }
}

#[cfg(test)]
mod tests;
