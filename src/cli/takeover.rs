//! `pillion takeover`: istiod's own webhooks call Pillion, or istiod again. Never: what is written into them.

use std::path::PathBuf;

use anyhow::{Context, Result};
use pillion_core::config::Settings;

use super::cluster::{AccessArgs, PlaceArgs, named, on_cluster};
use super::{Usage, complain, print};
use crate::cluster::takeover::{Change, Patcher, Takeover, TakeoverError, Written};
use crate::tls::Trust;

/// What was typed.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The revision of istiod whose webhooks are meant; `default` is the one without a name.
    #[arg(long, short = 'r', env = "REVISION", value_name = "REV")]
    revision: String,
    /// Check, say what would be written, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Give istiod its webhooks back, as they were.
    #[arg(long)]
    undo: bool,
    /// The namespace of istiod.
    #[arg(
        long = "istioNamespace",
        visible_alias = "istio-namespace",
        short = 'i',
        default_value = "istio-system",
        value_name = "NS"
    )]
    istio_namespace: String,
    /// The authorities of Pillion's certificate (PEM), if they are neither in its Secret nor in its webhooks.
    #[arg(long, value_name = "FILE", conflicts_with = "undo")]
    tls_ca: Option<PathBuf>,
    /// The Secret with Pillion's certificate; `pillion-certs`, or `pillion-certs-REV`.
    #[arg(long, value_name = "NAME")]
    cert_secret: Option<String>,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    access: AccessArgs,
}

/// Runs the command.
pub(super) fn run(args: Args) -> Result<()> {
    let revision = if args.revision.is_empty() { "default".to_owned() } else { args.revision };
    let settings = Settings {
        revision: revision.clone(),
        namespace: args.istio_namespace.clone(),
        ..Settings::default()
    };
    let target = args.place.target(&settings)?;
    let trust = args.tls_ca.map(|file| {
        let text = std::fs::read(&file).with_context(|| format!("--tls-ca {}", file.display()))?;
        let trust = Trust::from_pem(&text);
        if trust.is_empty() {
            return Err(Usage(format!("--tls-ca {}: there is no certificate in it", file.display())).into());
        }
        anyhow::Ok(trust)
    });
    let trust = trust.transpose()?;
    let secret = args.cert_secret.unwrap_or_else(|| named("pillion-certs", &revision));
    let access = args.access.access();
    on_cluster(&access, async move |client| {
        let istio_namespace = args.istio_namespace;
        let takeover = Takeover { client, revision, istio_namespace, target, trust, secret };
        let write = !args.dry_run;
        if args.undo { undo(&takeover, write).await } else { take(&takeover, write).await }
    })
}

async fn take(takeover: &Takeover, write: bool) -> Result<()> {
    complain("Checking, with sample pods in a namespace of their own …");
    let checked = match takeover.check().await {
        Ok(checked) => checked,
        Err(error) => {
            if let TakeoverError::Different(compared) = &error {
                print(&compared.text())?;
            }
            return Err(error.into());
        }
    };
    let compared = &checked.compared;
    let mut text = format!(
        "{} sample pods were injected alike, {} more were alike left without a sidecar or refused.\n",
        compared.same, compared.neither
    );
    if checked.patcher != Patcher::Off {
        text.push_str("istiod's caBundle patcher is not off; its CA issued Pillion's certificate.\n");
    }
    print(&text)?;
    let written = takeover.take(checked, write).await?;
    if written.is_empty() {
        return print("All webhooks of the revision call Pillion already.\n");
    }
    told(&written, write)?;
    if write {
        let names: Vec<&str> = written.iter().map(|written| written.name.as_str()).collect();
        print(&format!(
            "Taken over. Keep `takeover: [{}]` and `webhook.enabled: false` in the values of Pillion's chart. The next \
             upgrade of istiod's chart points them back; `pillion takeover --undo` does too.\n",
            names.join(", ")
        ))?;
    }
    Ok(())
}

async fn undo(takeover: &Takeover, write: bool) -> Result<()> {
    let written = takeover.undo(write).await?;
    told(&written, write)?;
    if write { print("Given back.\n") } else { Ok(()) }
}

fn told(all: &[Written], write: bool) -> Result<()> {
    for written in all {
        let Written { name, changes, changed_since } = written;
        let verb = if write { "" } else { " would be written" };
        print(&format!("{name}{verb}:\n"))?;
        changes.iter().try_for_each(|change| print(&line(change)))?;
        if changes.is_empty() {
            print("  nothing but the annotations changes\n")?;
        }
        if changes.iter().any(|change| change.other_kind) {
            complain(
                "warning: entries change between Service and URL; an upgrade of istiod's chart would set both, which \
                 API servers refuse: undo the take-over before it",
            );
        }
        if !changed_since.is_empty() {
            complain(&format!(
                "note: somebody has changed {} of {name} since the take-over: only whom they call is put back",
                changed_since.join(", ")
            ));
        }
    }
    Ok(())
}

fn line(change: &Change) -> String {
    let Change { entry, from, to, authorities, then, .. } = change;
    format!("  {entry}: {from} -> {to}, caBundle: {authorities} -> {then} authorities\n")
}
