//! Which objects are watched for decisions, and what is read of them: ConfigMaps by name, ProxyConfig resources,
//! the versions of nodes, the annotations of namespaces. Never: more of an object than that, or more objects than the
//! configuration needs, for each is a right that somebody must grant.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{ApiResource, DynamicObject, Object};
use kube::core::{GroupVersionKind, NotUsed, PartialObjectMeta};
use kube::runtime::watcher;
use kube::{Api, Client, ResourceExt};
use pillion_core::config::{NamespaceFacts, NativeSidecars, NodeFacts, Platform, Settings};
use serde::Deserialize;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::follow::{Table, Told, follow};
use crate::source::configmap::{Found, Names, Part, State};
use crate::source::values::ValuesMap;
use crate::source::{Origin, SourceError, Text, Texts};
use crate::watch::Changes;

/// What a configuration needs of the cluster.
#[derive(Clone, Debug)]
pub struct Needs {
    names: Option<Names>,
    values: Option<ValuesMap>,
    namespaces: bool,
    nodes: bool,
}

impl Needs {
    /// What this source and these settings need.
    #[must_use]
    pub fn of(origin: &Origin, settings: &Settings) -> Self {
        let names = match origin {
            Origin::ConfigMaps(names) => Some(names.clone()),
            _ => None,
        };
        let values = match origin {
            Origin::EmbeddedWith(map) => Some(map.clone()),
            _ => None,
        };
        let embedded = matches!(origin, Origin::Embedded | Origin::EmbeddedWith(_));
        Self {
            names,
            values,
            // On OpenShift they name users and groups; in Envoy mode they give defaults to their pods.
            namespaces: settings.platform == Platform::OpenShift || embedded,
            nodes: settings.native_sidecars == NativeSidecars::Auto,
        }
    }

    /// Nothing found yet of all that.
    #[must_use]
    pub fn awaited(&self) -> State {
        fn part<T: Default>(needed: bool) -> Part<T> {
            if needed { Part::Awaited(None) } else { Part::There(T::default()) }
        }
        let istio = self.names.is_some();
        let shared = self.names.as_ref().is_some_and(|names| names.shared.is_some());
        State {
            injector: part(istio),
            mesh: part(istio),
            shared: part(shared),
            values: part(self.values.is_some()),
            proxy_configs: part(istio),
            namespaces: part(self.namespaces),
            nodes: part(self.nodes),
        }
    }

    /// Starts to watch it; `found` hears of everything.
    pub fn watch(&self, client: &Client, found: &Arc<Found>, tasks: &mut JoinSet<()>) {
        if let Some(names) = &self.names {
            let shared = names.shared.as_deref().map(|name| (name, SHARED));
            for (name, place) in
                [(names.injector.as_str(), INJECTOR), (&names.mesh, MESH)].into_iter().chain(shared)
            {
                let api = Api::namespaced(client.clone(), &names.namespace);
                tasks.spawn(config_map(api, name.to_owned(), place, Arc::clone(found)));
            }
            tasks.spawn(proxy_configs(client.clone(), Arc::clone(found)));
        }
        if let Some(map) = &self.values {
            let api = Api::namespaced(client.clone(), &map.namespace);
            tasks.spawn(config_map(api, map.name.clone(), VALUES, Arc::clone(found)));
        }
        if self.namespaces {
            tasks.spawn(namespaces(client.clone(), Arc::clone(found)));
        }
        if self.nodes {
            tasks.spawn(nodes(client.clone(), Arc::clone(found)));
        }
    }
}

/// How long one reading may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads a configuration out of the cluster once, for the command line.
///
/// # Errors
/// Something is not there or may not be read, or the API server does not answer.
pub async fn read_once(client: &Client, origin: &Origin, settings: &Settings) -> Result<Texts, SourceError> {
    let needs = Needs::of(origin, settings);
    let found = Arc::new(Found::new(needs.awaited()));
    let mut changes = found.changes();
    // Ends with this function, and the watches with it.
    let mut tasks = JoinSet::new();
    needs.watch(client, &found, &mut tasks);
    let read = origin.reader(Some(Arc::clone(&found)));
    let until = Instant::now() + PATIENCE;
    loop {
        match read() {
            Err(SourceError::Awaited { told: false, .. }) => {}
            done => return done,
        }
        if timeout_at(until, changes.changed()).await.is_err() {
            return read();
        }
    }
}

/// Where what is read of a ConfigMap goes.
type Place = fn(&mut State) -> &mut Part<BTreeMap<String, String>>;
const INJECTOR: Place = |state| &mut state.injector;
const MESH: Place = |state| &mut state.mesh;
const SHARED: Place = |state| &mut state.shared;
const VALUES: Place = |state| &mut state.values;

async fn config_map(api: Api<ConfigMap>, name: String, place: Place, found: Arc<Found>) {
    let only = watcher::Config::default().fields(&format!("metadata.name={name}"));
    let what = format!("ConfigMap {name}");
    let read = |map: ConfigMap| map.data.unwrap_or_default();
    follow(&what, watcher(api, only), read, |told| {
        let data = |table: &Table<BTreeMap<String, String>>| {
            table.values().next().cloned().map_or(Part::Missing, Part::There)
        };
        found.update(place, |old| heard(old, told, data));
    })
    .await;
}

async fn proxy_configs(client: Client, found: Arc<Found>) {
    let kind = GroupVersionKind::gvk("networking.istio.io", "v1beta1", "ProxyConfig");
    let resource = ApiResource::from_gvk_with_plural(&kind, "proxyconfigs");
    let api: Api<DynamicObject> = Api::all_with(client, &resource);
    let read = |mut object: DynamicObject| {
        object.managed_fields_mut().clear();
        let place = format!("ProxyConfig {}/{}", object.namespace().unwrap_or_default(), object.name_any());
        // A list leaves out the kind of its items.
        object.types.get_or_insert_with(|| kube::api::TypeMeta {
            api_version: "networking.istio.io/v1beta1".to_owned(),
            kind: "ProxyConfig".to_owned(),
        });
        Text { name: place, text: serde_json::to_string(&object).unwrap_or_default() }
    };
    follow("ProxyConfig resources", watcher(api, watcher::Config::default()), read, |told| {
        let all = |table: &Table<Text>| Part::There(table.values().cloned().collect());
        found.update(|state| &mut state.proxy_configs, |old| heard(old, told, all));
    })
    .await;
}

async fn namespaces(client: Client, found: Arc<Found>) {
    let stream = watcher(Api::<PartialObjectMeta<Namespace>>::all(client), watcher::Config::default());
    let read = |mut namespace: PartialObjectMeta<Namespace>| {
        NamespaceFacts::of(std::mem::take(namespace.annotations_mut()))
    };
    follow("namespaces", stream, read, |told| {
        let all = |table: &Table<NamespaceFacts>| {
            Part::There(table.iter().map(|((_, name), facts)| (name.clone(), facts.clone())).collect())
        };
        found.update(|state| &mut state.namespaces, |old| heard(old, told, all));
    })
    .await;
}

/// What is read of a node's status: a node has much more, and tells of it every few minutes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NodeStatus {
    node_info: NodeInfo,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NodeInfo {
    kubelet_version: String,
}

async fn nodes(client: Client, found: Arc<Found>) {
    let resource = ApiResource::erase::<k8s_openapi::api::core::v1::Node>(&());
    let api: Api<Object<NotUsed, NodeStatus>> = Api::all_with(client, &resource);
    let read = |node: Object<NotUsed, NodeStatus>| node.status.unwrap_or_default().node_info.kubelet_version;
    follow("nodes", watcher(api, watcher::Config::default()), read, |told| {
        let all = |table: &Table<String>| {
            let facts = table.iter().map(|((_, name), version)| NodeFacts {
                name: name.clone(),
                kubelet_version: version.clone(),
            });
            Part::There(Some(facts.collect()))
        };
        found.update(|state| &mut state.nodes, |old| heard(old, told, all));
    })
    .await;
}

/// What is known after a watch has told. What was known already outlives a fault: the API server may be away for long.
fn heard<V, T>(
    old: &Part<T>,
    told: Told<'_, V>,
    objects: impl FnOnce(&Table<V>) -> Part<T>,
) -> Option<Part<T>> {
    match told {
        Told::Objects(table) => Some(objects(table)),
        Told::NotServed => Some(Part::Missing),
        Told::Failed(reason) => matches!(old, Part::Awaited(_)).then_some(Part::Awaited(Some(reason))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_are_watched_where_they_decide_something() {
        let names = Origin::ConfigMaps(Names::of(&Settings::default(), None));
        let with = Origin::Embedded.in_cluster("own", "canary");
        for (origin, platform, wanted) in [
            (&names, Platform::None, false),
            (&names, Platform::OpenShift, true),
            (&Origin::Embedded, Platform::None, true),
            (&Origin::Embedded, Platform::OpenShift, true),
            (&with, Platform::None, true),
        ] {
            let needs = Needs::of(origin, &Settings { platform, ..Settings::default() });
            assert_eq!(needs.namespaces, wanted, "{origin:?} {platform:?}");
            assert_eq!(matches!(needs.awaited().namespaces, Part::Awaited(None)), wanted);
            assert_eq!(needs.awaited().values == Part::Awaited(None), *origin == with);
        }
    }
}
