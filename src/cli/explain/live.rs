//! A cluster asked: the objects that are meant, and what its Pillions make of them. Never: writing anything.

use anyhow::Result;
use kube::{Client, ResourceExt};

use super::super::cluster::on_cluster;
use super::super::input;
use super::super::pillions::Pillions;
use super::Args;
use super::objects::{self, Scope};
use crate::explain::{self, Explained, Subject};

/// Explains what is meant, in the cluster that is meant.
pub(super) fn explained(args: Args) -> Result<Vec<Explained>> {
    let access = args.access.access();
    on_cluster(&access, async |client| {
        let default = client.default_namespace().to_owned();
        let namespace = args.namespace.clone().unwrap_or(default);
        let subjects = match args.filenames.is_empty() {
            false => of_files(&args, &namespace)?,
            true => of_cluster(&client, &args, &namespace).await?,
        };
        let mut pillions = Pillions::of(client, args.named).await?;
        let mut told = Vec::new();
        for subject in subjects {
            told.push(pillions.explain(subject).await?);
        }
        Ok(told)
    })
}

fn of_files(args: &Args, namespace: &str) -> Result<Vec<Subject>> {
    let mut subjects = Vec::new();
    for path in input::list(&args.filenames)? {
        let file = input::read(&path)?;
        subjects.extend(explain::subjects(&file.name, &file.text, namespace)?);
    }
    Ok(subjects)
}

async fn of_cluster(client: &Client, args: &Args, namespace: &str) -> Result<Vec<Subject>> {
    let scope =
        Scope { namespace: (!args.all_namespaces).then_some(namespace), selector: args.selector.as_deref() };
    let mut subjects = Vec::new();
    for target in objects::targets(&args.target)? {
        for object in objects::get(client, &target, &scope).await? {
            let text = serde_json::to_string(&object)?;
            subjects.extend(explain::subjects(&object.name_any(), &text, namespace)?);
        }
    }
    Ok(subjects)
}
