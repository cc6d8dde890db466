//! `pillion webhook`: what is done with webhook configurations from outside of the running program. Never: what the
//! program does with them while it runs.

use anyhow::{Context, Result, bail};
use pillion_core::config::Settings;

use super::cluster::{AccessArgs, PlaceArgs, on_cluster};
use super::print;
use crate::cluster::removal::{self, Removed};

/// What was typed.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Delete the webhook configurations of this program that call its Service: before the program goes, or API servers
    /// refuse pods.
    Remove(RemoveArgs),
}

#[derive(Debug, clap::Args)]
struct RemoveArgs {
    /// The revision whose Service is meant, where --service does not say.
    #[arg(long, short = 'r', env = "REVISION", default_value = "default", value_name = "REV")]
    revision: String,
    /// Only configurations with these labels; that another one still calls the Service is an error.
    #[arg(long, short = 'l', value_name = "SELECTOR")]
    selector: Option<String>,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    access: AccessArgs,
}

/// Runs the command.
pub(super) fn run(args: Args) -> Result<()> {
    let Command::Remove(args) = args.command;
    let settings = Settings { revision: args.revision, ..Settings::default() };
    let target = args.place.target(&settings)?;
    let removed = on_cluster(&args.access.access(), async |client| {
        removal::remove(&client, &target, args.selector.as_deref())
            .await
            .context("cannot remove webhook configurations")
    })?;
    let Removed { deleted, in_use } = removed;
    if !in_use.is_empty() {
        bail!(
            "nothing was removed, for pods are still sent to Service {}/{} by {}: undo the take-over \
             (pillion takeover --undo), remove the tags (pillion tag remove), or delete them",
            target.namespace,
            target.service,
            in_use.join(", ")
        );
    }
    match deleted.as_slice() {
        [] => print("no webhook configuration calls this Service\n"),
        deleted => print(&format!("removed {}\n", deleted.join(", "))),
    }
}
