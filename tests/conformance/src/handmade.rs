//! The hand-written pods of pods/*.yaml: each document is a pod, or a whole case (`case: {path, version, namespace,
//! uid, releases, configs, covers}` beside `pod` or `review`). Go reads the YAML, through the oracle.

use anyhow::{Result, anyhow, bail};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::case::{Case, review};
use crate::oracle::Oracle;
use crate::places;

/// A hand-written case and where it applies.
#[derive(Clone, Debug)]
pub struct Handmade {
    case: Case,
    releases: Vec<String>,
    configs: Vec<String>,
    own_path: bool,
}

/// The fields of `case:`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Header {
    name: String,
    path: Option<String>,
    version: Option<String>,
    namespace: Option<String>,
    uid: Option<String>,
    releases: Vec<String>,
    configs: Vec<String>,
    covers: Vec<String>,
}

impl Handmade {
    /// The case as it is asked under a configuration; `None` where it does not apply.
    #[must_use]
    pub fn under(&self, release: &str, config: &str, path: &str) -> Option<Case> {
        let applies = |list: &[String], name: &str| list.is_empty() || list.iter().any(|n| n == name);
        if !applies(&self.releases, release) || !applies(&self.configs, config) {
            return None;
        }
        let mut case = self.case.clone();
        if !self.own_path {
            path.clone_into(&mut case.path);
        }
        Some(case)
    }

    /// What this case is written to cover.
    pub fn covers(&self) -> impl Iterator<Item = &String> {
        self.case.covers.iter()
    }

    /// Whether the case applies under every release and configuration.
    #[must_use]
    pub const fn everywhere(&self) -> bool {
        self.releases.is_empty() && self.configs.is_empty()
    }
}

/// Reads all hand-written cases.
pub fn load(newest: &Oracle) -> Result<Vec<Handmade>> {
    let files = places::files("pods", "yaml")?;
    let mut documents = vec![];
    for file in &files {
        let stem = places::stem(file).to_owned();
        let text = std::fs::read_to_string(file)?;
        let parts = text.split("\n---\n").map(str::to_owned).filter(|d| !d.trim().is_empty());
        documents.extend(parts.enumerate().map(|(at, part)| (format!("{stem}-{}", at + 1), part)));
    }
    let read = newest.units("yaml", documents.iter().map(|(_, text)| json!({"text": text})))?;
    let mut cases = vec![];
    for ((name, _), unit) in documents.iter().zip(read) {
        match unit.err {
            Some(error) => bail!("pods: {name}: {error}"),
            None if unit.json.is_null() => {}
            None => cases.push(parse(name, unit.json).map_err(|e| anyhow!("pods: {name}: {e}"))?),
        }
    }
    Ok(cases)
}

fn parse(name: &str, mut document: Value) -> Result<Handmade> {
    let header = document.as_object_mut().and_then(|o| o.remove("case"));
    let header: Header = header.map(serde_json::from_value).transpose()?.unwrap_or_default();
    let name = if header.name.is_empty() { name.to_owned() } else { header.name };
    let namespace = header.namespace.as_deref().unwrap_or("shop");
    let version = header.version.as_deref().unwrap_or("admission.k8s.io/v1");
    let uid = header.uid.clone().unwrap_or_else(|| format!("uid-{name}"));
    let take = |key: &str| document.get(key).cloned();
    let review = match (take("review"), take("pod")) {
        (Some(whole), _) => whole,
        (None, Some(pod)) => review(version, namespace, &uid, &pod),
        (None, None) => review(version, namespace, &uid, &document),
    };
    Ok(Handmade {
        own_path: header.path.is_some(),
        case: Case {
            name,
            path: header.path.unwrap_or_default(),
            review,
            covers: header.covers,
            again: false,
        },
        releases: header.releases,
        configs: header.configs,
    })
}
