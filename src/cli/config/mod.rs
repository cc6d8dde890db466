//! `pillion config`: configurations looked at before they serve. Never: what is found (see `trial`).
//!
//! | file | command |
//! |---|---|
//! | `check` | `pillion config check` |
//! | `diff` | `pillion config diff` |

mod check;
pub(super) mod diff;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::ValueEnum;
use pillion_core::config::{Level, Settings};
use pillion_core::manifest;

use super::cluster::{AccessArgs, on_cluster};
use super::{environment, input, origin};
use crate::cluster::{watches, workloads};
use crate::source::configmap::Names;
use crate::source::{Origin, Texts};
use crate::trial::Case;
use crate::trial::asked::{Asked, Place};

/// What was typed.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Compile a configuration, try it on pods, and tell what is wrong with them.
    Check(check::Args),
    /// Tell which workloads another configuration would change when they restart, and how.
    Diff(diff::Args),
}

/// Formats of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// One object; docs/operations.md has its fields.
    Json,
}

/// Where pods come from, and how configurations are read.
#[derive(Debug, clap::Args)]
struct Common {
    /// Workloads: a manifest, a directory of manifests, or `-` for standard input; may be given several times.
    #[arg(long = "filename", short = 'f', value_name = "FILE|DIR|-")]
    filenames: Vec<PathBuf>,
    /// Only workloads of this namespace; in files, the namespace of objects that name none.
    #[arg(long, short = 'n', value_name = "NS")]
    namespace: Option<String>,
    /// The revision that is meant.
    #[arg(long, short = 'r', env = "REVISION", default_value = "default", value_name = "REV")]
    revision: String,
    /// Behave like this release of Istio (1.20 … 1.31) instead of the one the configuration was made for.
    #[arg(long, value_name = "RELEASE", value_parser = origin::release)]
    compat: Option<Level>,
    /// The root namespace of the mesh, where --live reads Istio's ConfigMaps.
    #[arg(long = "istioNamespace", visible_alias = "istio-namespace", short = 'i', value_name = "NS")]
    istio_namespace: Option<String>,
    /// Let templates read this variable of the environment, besides the settings of an injector.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    template_env: Vec<String>,
    #[command(flatten)]
    access: AccessArgs,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<()> {
    match &args.command {
        Command::Check(args) => check::run(args),
        Command::Diff(args) => diff::run(args),
    }
}

impl Common {
    fn settings(&self) -> Settings {
        let settings = environment::settings(|name| std::env::var(name).ok(), &self.template_env);
        let revision =
            if self.revision.is_empty() { settings.revision.clone() } else { self.revision.clone() };
        let namespace = self.istio_namespace.clone().unwrap_or_else(|| settings.namespace.clone());
        Settings { revision, namespace, compat: self.compat, ..settings }
    }

    /// The configuration in a directory, or without one that in the cluster.
    fn origin(&self, directory: Option<&Path>, settings: &Settings) -> Origin {
        match directory {
            Some(directory) => Origin::Directory(directory.to_owned()),
            None => {
                let shared = std::env::var("SHARED_MESH_CONFIG").ok().filter(|name| !name.is_empty());
                Origin::ConfigMaps(Names::of(settings, shared))
            }
        }
    }

    /// Reads a configuration. With `facts` a directory that says nothing of nodes gets what the cluster says.
    fn read(&self, origin: &Origin, settings: &Settings, facts: bool) -> Result<Texts> {
        let from_cluster = |origin: &Origin| {
            on_cluster(&self.access.access(), async |client| {
                Ok(watches::read_once(&client, origin, settings).await?)
            })
        };
        if matches!(origin, Origin::ConfigMaps(_)) {
            return from_cluster(origin);
        }
        let mut texts = origin.read()?;
        if facts && texts.cluster.local.nodes.is_none() {
            texts.cluster.local = from_cluster(&Origin::Embedded)?.cluster.local;
        }
        Ok(texts)
    }

    /// The pods of all workloads in files.
    fn of_files(&self) -> Result<Vec<Case>> {
        let namespace = self.namespace.as_deref().unwrap_or("default");
        let mut cases = Vec::new();
        for path in input::list(&self.filenames)? {
            let input::Input { name, text } = input::read(&path)?;
            let docs = manifest::read(&name, &text).map_err(|error| anyhow::anyhow!("{error}"))?;
            cases.extend(docs.into_iter().map(|doc| Case::of(doc, namespace)));
        }
        Ok(cases)
    }

    /// The pods of the cluster's workloads that API servers ask this revision about.
    fn of_cluster(&self, settings: &Settings) -> Result<Vec<Case>> {
        let found = on_cluster(&self.access.access(), async |client| {
            Ok(workloads::list(&client, self.namespace.as_deref(), &settings.revision).await?)
        })
        .context("workloads")?;
        let docs = found.objects.iter().filter_map(|object| manifest::pods(object).ok()).flatten();
        let cases = docs.map(|doc| Case::of(doc, "default"));
        let none = std::collections::BTreeMap::new();
        let ours = cases.filter(|case| {
            let labels = found.namespaces.get(&case.namespace).unwrap_or(&none);
            Place::of_labels(labels, &found.names).asks(&case.namespace, &case.pod) == Asked::Yes
        });
        Ok(ours.collect())
    }
}

/// The first few of many names.
fn few(names: &[String], count: usize) -> String {
    const FEW: usize = 3;
    let shown = names.iter().take(FEW).map(String::as_str).collect::<Vec<_>>().join(", ");
    match count.saturating_sub(FEW.min(names.len())) {
        0 => shown,
        1 => format!("{shown} and 1 other"),
        more => format!("{shown} and {more} others"),
    }
}

/// A number of things.
pub(super) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_names_are_few() {
        let names: Vec<String> = ["a", "b", "c", "d", "e"].map(str::to_owned).into();
        assert_eq!(few(&names[..1], 1), "a");
        assert_eq!(few(&names, 5), "a, b, c and 2 others");
        assert_eq!(few(&names[..4], 4), "a, b, c and 1 other");
        assert_eq!((counted(1, "error"), counted(0, "error")), ("1 error".to_owned(), "0 errors".to_owned()));
    }
}
