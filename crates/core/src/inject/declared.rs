//! What the annotations that a profile declares come to for one pod: the pod's own, before its namespace's, before the
//! values, before the declaration's default. Never: what a value may be (see `config::declared`).

use pillion_govalue::Value;

use super::error::BadAnnotation;
use super::facts::{self, text};
use super::finish::containers::annotations;
use super::path;
use super::request::{Request, Warning};
use crate::config::declared::{PREFIX, Row};
use crate::config::{ClusterFacts, Snapshot};

/// Most names that are told of as not known: a stranger writes them.
const MOST: usize = 5;
/// How much of a value a refusal quotes, in characters.
const QUOTED: usize = 60;

/// What the annotations of one pod come to.
pub(crate) struct Resolved {
    /// What templates see as `.Settings`.
    pub(crate) settings: Value<'static>,
    /// Those that cannot be used.
    pub(crate) bad: Vec<BadAnnotation>,
}

/// Reads what pod and namespace say.
pub(crate) fn resolve(
    snapshot: &Snapshot,
    pod: &Value<'_>,
    cluster: Option<&ClusterFacts>,
    warnings: &mut Vec<Warning>,
) -> Resolved {
    let declared = &snapshot.declared;
    // The very same tree, which templates are folded over, where nobody says anything.
    let mut out = Resolved { settings: declared.defaults().clone(), bad: Vec::new() };
    if declared.rows().is_empty() {
        return out;
    }
    for (name, value) in set_by(cluster, text(pod, &["metadata", "namespace"])) {
        match declared.row(name) {
            Some(row) if row.namespace => out.set(row, value, " of the namespace"),
            Some(_) => warnings.push(Warning::NotOfNamespaces(name.clone())),
            None => {}
        }
    }
    let mut strangers = 0;
    for (name, value) in annotations(pod).filter(|(name, _)| name.starts_with(PREFIX)) {
        match declared.row(name) {
            Some(row) => out.set(row, value, ""),
            None if strangers < MOST => {
                strangers += 1;
                let nearest = declared.nearest(name).map(str::to_owned);
                warnings.push(Warning::Undeclared { name: name.to_owned(), nearest });
            }
            None => {}
        }
    }
    out
}

/// The annotations of a namespace.
fn set_by<'s>(
    cluster: Option<&'s ClusterFacts>,
    namespace: &str,
) -> impl Iterator<Item = (&'s String, &'s String)> {
    let facts = cluster.and_then(|known| known.namespaces.get(namespace));
    facts.into_iter().flat_map(|facts| &facts.annotations)
}

/// What the namespace of a request sets for its pods, as far as the profile declares it: for whoever explains an answer.
pub(crate) fn of_namespace(snapshot: &Snapshot, request: &Request<'_>) -> Vec<(String, String)> {
    let parameters = path::parameters(request.path, &mut Vec::new());
    let (cluster, _) = facts::cluster_and_network(&request.pod, snapshot, &parameters);
    let own = text(&request.pod, &["metadata", "namespace"]);
    let namespace = if own.is_empty() { request.namespace } else { own };
    set_by(snapshot.facts_of(cluster), namespace)
        .filter(|(name, _)| snapshot.declared.row(name).is_some())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

impl Resolved {
    /// One annotation; `of` says whose it is.
    fn set(&mut self, row: &Row, value: &str, of: &str) {
        match row.kind.read_text(value) {
            Ok(read) => {
                if let Some(settings) = self.settings.as_map_mut() {
                    settings.insert(row.key.clone(), read);
                }
            }
            Err(problem) => self.bad.push(BadAnnotation {
                name: format!("{}{of}", row.name),
                value: cut(value),
                message: problem.to_string(),
            }),
        }
    }
}

/// A value on one line that is not long.
fn cut(value: &str) -> String {
    let line = value.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= QUOTED {
        return line;
    }
    line.chars().take(QUOTED).chain(['…']).collect()
}

#[cfg(test)]
mod tests;
