//! The facts of clusters that a configuration has beside it: the text that the oracle reads, laid out as the folders
//! that Pillion reads. Never: what follows from the facts.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use pillion::source::Origin;
use pillion_core::config::Cluster;
use pillion_govalue::Value;

/// The annotation that names the cluster of a document, as in oracle/clusters.go.
const CLUSTER: &str = "conformance/cluster";
/// The folders that are made, and the file of the oracle.
const MADE: [&str; 3] = ["namespaces", "nodes", "clusters"];
const FILE: &str = "cluster.yaml";

/// Writes the facts into `dir`, for the oracle and for Pillion; without facts, takes away what an earlier run wrote.
pub fn write(dir: &Path, local: &str, facts: Option<&str>) -> Result<()> {
    for folder in MADE.map(|name| dir.join(name)) {
        if folder.exists() {
            std::fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
        }
    }
    let file = dir.join(FILE);
    let Some(text) = facts else {
        if file.exists() {
            std::fs::remove_file(file)?;
        }
        return Ok(());
    };
    std::fs::write(&file, text)?;
    // With a client for a cluster its nodes are known, also if there are none.
    std::fs::create_dir_all(dir.join("nodes"))?;
    for (at, document) in pillion_goyaml::documents(text).iter().enumerate() {
        let place = place(dir, local, document.text).with_context(|| format!("document {}", at + 1))?;
        std::fs::create_dir_all(&place)?;
        std::fs::write(place.join(format!("{at}.yaml")), document.text)?;
    }
    Ok(())
}

/// The folder for a document.
fn place(dir: &Path, local: &str, document: &str) -> Result<PathBuf> {
    let object = pillion_goyaml::parse(document)?;
    let text = |path: &[&str]| object.at(path).and_then(Value::as_str);
    let cluster = match text(&["metadata", "annotations", CLUSTER]) {
        Some(id) if id != local => dir.join("clusters").join(id),
        _ => dir.to_owned(),
    };
    std::fs::create_dir_all(cluster.join("nodes"))?;
    match text(&["kind"]) {
        Some("Namespace") => Ok(cluster.join("namespaces")),
        Some("Node") => Ok(cluster.join("nodes")),
        other => bail!("kind {other:?}: Namespaces and Nodes are read"),
    }
}

/// The facts in `dir`, as Pillion reads them.
pub fn read(dir: &Path) -> Result<Cluster> {
    Ok(Origin::Directory(dir.to_owned()).read()?.cluster)
}
