//! `pillion explain`: why a pod is, or is not, injected. The real engine under the configuration that is meant, and the
//! webhook configurations of the cluster if there is one. Never: what an explanation says (see `explain`).
//!
//! | file | what it does |
//! |---|---|
//! | `objects` | `KIND/NAME` in a cluster: which objects are meant, and their text |
//! | `live` | the cluster asked: webhooks, namespaces, the configuration of the Pillion that runs there |
//! | `text` | an explanation for reading |

mod live;
mod objects;
mod text;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use pillion_govalue::json;

use super::cluster::AccessArgs;
use super::named::{Named, built};
use super::{Usage, input, output, print};
use crate::clock::now;
use crate::cluster::calls::Calls;
use crate::explain::{self, Explained};
use crate::source::{self, Origin};

/// What was typed.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What in the cluster to explain: `deploy/web`, `pod web-0`, or a kind alone with -l or -A.
    #[arg(value_name = "KIND[/NAME]", conflicts_with = "filenames")]
    target: Vec<String>,
    /// A manifest, a directory of manifests, or `-` for standard input; may be given several times.
    #[arg(long = "filename", short = 'f', value_name = "FILE|DIR|-")]
    filenames: Vec<PathBuf>,
    /// The namespace; without it that of the kubeconfig's context, or `default`.
    #[arg(long, short = 'n', value_name = "NS")]
    namespace: Option<String>,
    /// Objects of all namespaces.
    #[arg(long, short = 'A', conflicts_with = "filenames")]
    all_namespaces: bool,
    /// Only objects with these labels: `app=web,tier!=db`.
    #[arg(long, short = 'l', value_name = "SELECTOR", conflicts_with = "filenames")]
    selector: Option<String>,
    /// How it is shown.
    #[arg(long, short = 'o', value_enum, default_value = "text", value_name = "FORMAT")]
    output: Format,
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    access: AccessArgs,
}

/// Formats of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For reading; in colour on a terminal.
    Text,
    /// As JSON, by the schema of docs/explain.md.
    Json,
    /// The same as YAML.
    Yaml,
}

/// Runs the command.
pub(super) fn run(args: Args) -> Result<()> {
    let format = args.output;
    let told = match (args.target.is_empty(), args.filenames.is_empty()) {
        (true, true) => {
            return Err(Usage("nothing to explain: give KIND/NAME, or manifests with -f".to_owned()).into());
        }
        (true, false) if !args.access.is_given() => files(args)?,
        _ => live::explained(args)?,
    };
    if told.is_empty() {
        bail!("there is no pod in what was given, nor the template of one");
    }
    print(&written(&told, format)?)
}

/// Manifests, and no cluster.
fn files(args: Args) -> Result<Vec<Explained>> {
    let Args { named, namespace, filenames, .. } = args;
    let (origin, settings) = named.origin()?;
    if matches!(origin, Origin::ConfigMaps(_)) {
        return Err(
            Usage("--config-source configmap needs --context or --kubeconfig with -f".to_owned()).into()
        );
    }
    let snapshot = built(source::build(&origin.read()?, settings)?);
    let namespace = namespace.as_deref().unwrap_or("default");
    let mut told = Vec::new();
    for path in input::list(&filenames)? {
        let file = input::read(&path)?;
        let subjects =
            explain::subjects(&file.name, &file.text, namespace).context("nothing was explained")?;
        told.extend(subjects.into_iter().map(|subject| {
            let calls = Calls::unknown("no cluster was asked: --context or --kubeconfig names one");
            explain::explained(&snapshot, subject, &origin.describe(), calls, now())
        }));
    }
    Ok(told)
}

fn written(told: &[Explained], format: Format) -> Result<String> {
    Ok(match format {
        Format::Text => text::write(told, output::in_colour())?,
        Format::Json => json::to_string(&explain::together(told), json::PLAIN) + "\n",
        Format::Yaml => pillion_goyaml::to_yaml(&explain::together(told))?,
    })
}
