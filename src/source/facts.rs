//! Facts of clusters in files: `namespaces/` and `nodes/` for the cluster that the injector belongs to, and
//! `clusters/ID/namespaces/` and `clusters/ID/nodes/` for others. Never: what follows from them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pillion_core::config::{Cluster, ClusterFacts, NamespaceFacts, NodeFacts, Nodes};
use pillion_govalue::{Map, Value};

use super::SourceError;
use super::objects::{self, Kind, Object};

/// The folder of other clusters.
pub(super) const CLUSTERS: &str = "clusters";
/// Most other clusters.
pub(super) const MAX_CLUSTERS: usize = 100;

/// Namespaces, for the annotations by which OpenShift gives users.
pub(super) const NAMESPACES: Kind =
    Kind { folder: "namespaces", kind: "Namespace", group: "", namespaced: false };
/// Nodes, for the versions of their kubelets.
pub(super) const NODES: Kind = Kind { folder: "nodes", kind: "Node", group: "", namespaced: false };

/// Where a folder lies, and what people call it.
pub(super) type Place<'p> = dyn Fn(&Path) -> (PathBuf, PathBuf) + 'p;

/// Reads everything that is there.
pub(super) fn read(place: &Place<'_>) -> Result<Cluster, SourceError> {
    let mut remotes = BTreeMap::new();
    for id in remote_ids(place)? {
        let within = Path::new(CLUSTERS).join(&id);
        remotes.insert(id, read_cluster(place, &within)?);
    }
    Ok(Cluster { local: read_cluster(place, Path::new(""))?, remotes })
}

fn read_cluster(place: &Place<'_>, within: &Path) -> Result<ClusterFacts, SourceError> {
    let objects = |kind: &Kind| {
        let (place, name) = place(&within.join(kind.folder));
        objects::read(&place, &name, kind)
    };
    let namespaces = objects(&NAMESPACES)?.unwrap_or_default();
    let namespaces = namespaces.iter().map(|object| {
        Ok((object.at(&["metadata", "name"]).to_owned(), NamespaceFacts::of(annotations(object)?)))
    });
    let nodes = objects(&NODES)?.map(|nodes| nodes.iter().map(node).collect::<Nodes>());
    Ok(ClusterFacts { namespaces: namespaces.collect::<Result<_, SourceError>>()?, nodes })
}

/// A node without a version counts as an old one, as in Istio.
fn node(object: &Object) -> NodeFacts {
    NodeFacts {
        name: object.at(&["metadata", "name"]).to_owned(),
        kubelet_version: object.at(&["status", "nodeInfo", "kubeletVersion"]).to_owned(),
    }
}

fn annotations(object: &Object) -> Result<BTreeMap<String, String>, SourceError> {
    let all = object.value.at(&["metadata", "annotations"]).and_then(Value::as_map);
    let all = all.into_iter().flat_map(Map::iter).map(|(key, value)| match value {
        Value::Str(text) => Ok((key.as_str().to_owned(), text.as_str().to_owned())),
        other => {
            let kind = other.kind_name();
            Err(object.wrong(format!(
                "metadata.annotations: {:?} is of kind {kind}: put it in quotes",
                key.as_str()
            )))
        }
    });
    all.collect()
}

/// The folders in `clusters/`, by name. What is no text names no cluster.
fn remote_ids(place: &Place<'_>) -> Result<Vec<String>, SourceError> {
    let (folder, name) = place(Path::new(CLUSTERS));
    let fail = |reason: String| SourceError::Read { path: name.clone(), reason };
    let entries = match std::fs::read_dir(&folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| fail(error.to_string()))?,
    };
    let mut ids = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| fail(error.to_string()))?;
        let Ok(id) = entry.file_name().into_string() else { continue };
        if id.starts_with('.') || !entry.path().is_dir() {
            continue;
        }
        if ids.len() == MAX_CLUSTERS {
            return Err(fail(format!("holds more than {MAX_CLUSTERS} clusters")));
        }
        ids.push(id);
    }
    ids.sort();
    Ok(ids)
}
