//! `pillion tag`: further names of a revision, as `istioctl tag` has them. Never: what a tag is made of.

use std::io::{self, BufRead, IsTerminal};

use anyhow::Result;
use clap::{Subcommand, ValueEnum};
use kube::Client;
use serde_json::json;

use super::cluster::{AccessArgs, on_cluster};
use super::{Usage, complain, print};
use crate::cluster::client::Access;
use crate::cluster::injectors::Overlap;
use crate::cluster::tags::{self, DEFAULT, Setting, Tag};

/// What was typed.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a tag, or point it at another revision.
    Set(SetArgs),
    /// Write what `set` would make to standard output.
    Generate(SetArgs),
    /// Show the tags of Pillion and of Istio, and webhooks that take one pod both.
    #[command(visible_alias = "show")]
    List {
        /// How it is shown.
        #[arg(long, short = 'o', value_enum, default_value = "table", value_name = "FORMAT")]
        output: Format,
        #[command(flatten)]
        access: AccessArgs,
    },
    /// Remove a tag.
    #[command(visible_alias = "delete")]
    Remove {
        /// The tag.
        tag: String,
        /// Do not ask, even if namespaces use the tag.
        #[arg(long, short = 'y')]
        skip_confirmation: bool,
        #[command(flatten)]
        access: AccessArgs,
    },
}

#[derive(Debug, clap::Args)]
struct SetArgs {
    /// The tag: what namespaces and pods say in istio.io/rev; `default` also stands for istio-injection=enabled.
    tag: String,
    /// The revision that it means.
    #[arg(long, short = 'r', value_name = "REV")]
    revision: String,
    /// Change a tag that exists.
    #[arg(long)]
    overwrite: bool,
    /// Set it even where two webhooks will take one pod both.
    #[arg(long)]
    force: bool,
    /// The name of the webhook configuration; `pillion-revision-tag-TAG`.
    #[arg(long, value_name = "NAME")]
    webhook_name: Option<String>,
    /// The tag `default` takes pods in namespaces without any label too.
    #[arg(long)]
    auto_inject_namespaces: bool,
    /// The namespace of the Pillion that is meant, where several have the revision.
    #[arg(long, env = "PILLION_NAMESPACE", value_name = "NS")]
    own_namespace: Option<String>,
    /// Taken as istioctl takes it; nothing is asked here. An overlap needs --force.
    #[arg(long, short = 'y')]
    skip_confirmation: bool,
    #[command(flatten)]
    access: AccessArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
}

impl SetArgs {
    fn understood(self) -> Result<(Access, Setting)> {
        if self.auto_inject_namespaces && self.tag != DEFAULT {
            let message =
                format!("--auto-inject-namespaces goes with the tag {DEFAULT} only, not with {}", self.tag);
            return Err(Usage(message).into());
        }
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let setting = Setting {
            tag: self.tag,
            revision: if self.revision.is_empty() { DEFAULT.to_owned() } else { self.revision },
            namespace: given(self.own_namespace),
            name: given(self.webhook_name),
            overwrite: self.overwrite,
            force: self.force,
            every_namespace: self.auto_inject_namespaces,
        };
        Ok((self.access.access(), setting))
    }
}

/// Runs the command.
pub(super) fn run(args: Args) -> Result<()> {
    match args.command {
        Command::Set(typed) => {
            let (access, setting) = typed.understood()?;
            on_cluster(&access, async |client| set(&client, &setting).await)
        }
        Command::Generate(typed) => {
            let (access, setting) = typed.understood()?;
            on_cluster(&access, async |client| generate(&client, &setting).await)
        }
        Command::List { output, access } => {
            on_cluster(&access.access(), async |client| list(&client, output).await)
        }
        Command::Remove { tag, skip_confirmation, access } => {
            on_cluster(&access.access(), async |client| remove(&client, &tag, skip_confirmation).await)
        }
    }
}

async fn set(client: &Client, setting: &Setting) -> Result<()> {
    let planned = tags::set(client, setting).await?;
    for overlap in &planned.overlaps {
        complain(&format!("warning: {overlap}"));
    }
    let Setting { tag, revision, .. } = setting;
    let name = planned.made.metadata.name.as_deref().unwrap_or_default();
    print(&format!(
        "The tag {tag} means the revision {revision} ({name}). Namespaces use it by\n  \
         kubectl label namespace NAMESPACE istio.io/rev={tag}\n\
         Add {name} to the value `takeover` of Pillion's chart, so that Pillion keeps its caBundle right.\n"
    ))
}

async fn generate(client: &Client, setting: &Setting) -> Result<()> {
    let made = setting.render(&tags::present(client).await?)?;
    let mut object = serde_json::to_value(&made)?;
    object["apiVersion"] = json!("admissionregistration.k8s.io/v1");
    object["kind"] = json!("MutatingWebhookConfiguration");
    let text = object.to_string();
    print(&pillion_goyaml::to_yaml(&pillion_govalue::parse(text.as_bytes())?)?)
}

async fn list(client: &Client, output: Format) -> Result<()> {
    let (tags, overlaps) = tags::list(client).await?;
    match output {
        Format::Json => print(&(as_json(&tags, &overlaps)? + "\n")),
        Format::Table => {
            print(&as_table(&tags))?;
            for overlap in &overlaps {
                complain(&format!("warning: {overlap}"));
            }
            Ok(())
        }
    }
}

/// Istioctl's fields, and ours behind them.
fn as_json(tags: &[Tag], overlaps: &[Overlap]) -> Result<String> {
    let rows: Vec<_> = tags
        .iter()
        .map(|tag| {
            let concerned = overlaps.iter().filter(|it| it.configurations.contains(&tag.webhook));
            json!({
                "tag": tag.tag, "revision": tag.revision, "namespaces": tag.namespaces,
                "owner": tag.owner.name(), "webhook": tag.webhook,
                "overlaps": concerned.map(ToString::to_string).collect::<Vec<_>>(),
            })
        })
        .collect();
    Ok(serde_json::to_string_pretty(&rows)?)
}

fn as_table(tags: &[Tag]) -> String {
    if tags.is_empty() {
        return "There are no tags.\n".to_owned();
    }
    let mut rows = vec![["TAG", "REVISION", "OWNER", "NAMESPACES"].map(str::to_owned)];
    rows.extend(tags.iter().map(|tag| {
        [tag.tag.clone(), tag.revision.clone(), tag.owner.name().to_owned(), tag.namespaces.join(",")]
    }));
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or_default();
    let (first, second, third) = (width(0), width(1), width(2));
    let line = |[tag, revision, owner, namespaces]: &[String; 4]| {
        let line = format!("{tag:first$}  {revision:second$}  {owner:third$}  {namespaces}");
        line.trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

async fn remove(client: &Client, tag: &str, confirmed: bool) -> Result<()> {
    let (found, users) = tags::removable(client, tag).await?;
    if !users.is_empty() && !confirmed {
        let used = format!("{} namespaces still use the tag {tag}: {}", users.len(), users.join(", "));
        if !io::stdin().is_terminal() {
            anyhow::bail!("{used}; --skip-confirmation removes it all the same");
        }
        complain(&format!("{used}\nTheir new pods will get no sidecar. Remove the tag? [y/N]"));
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        if !matches!(answer.trim(), "y" | "Y" | "yes") {
            return print("Nothing is removed.\n");
        }
    }
    tags::remove(client, &found).await?;
    print(&format!("The tag {tag} is removed.\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::injectors::{Example, Owner};

    fn tag(name: &str, namespaces: &[&str], owner: Owner) -> Tag {
        Tag {
            tag: name.into(),
            revision: "1-20-2".into(),
            namespaces: namespaces.iter().map(|name| (*name).to_owned()).collect(),
            owner,
            webhook: format!("w-{name}"),
        }
    }

    #[test]
    fn tags_are_shown_in_columns_and_as_istioctls_json() {
        let tags = [tag("prod", &["a", "b"], Owner::Pillion), tag("canary-long", &[], Owner::Istio)];
        let lines = [
            "TAG          REVISION  OWNER    NAMESPACES",
            "prod         1-20-2    pillion  a,b",
            "canary-long  1-20-2    istio",
        ];
        assert_eq!(as_table(&tags), lines.join("\n") + "\n");
        let overlap = Overlap {
            configurations: ["w-prod".into(), "x".into()],
            webhooks: ["one".into(), "two".into()],
            example: Example::default(),
        };
        let shown: serde_json::Value = serde_json::from_str(&as_json(&tags, &[overlap]).unwrap()).unwrap();
        assert_eq!((&shown[0]["tag"], &shown[0]["namespaces"]), (&json!("prod"), &json!(["a", "b"])));
        assert_eq!(shown[0]["overlaps"].as_array().map(Vec::len), Some(1));
        assert_eq!(shown[1]["overlaps"], json!([]));
    }
}
