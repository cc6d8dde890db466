//! The command line: one file a command. Exit codes: 0 done (also when a reader closed the pipe), 1 the configuration
//! or the input is faulty, 2 the arguments are. `doctor` ends with what it found: 0 nothing, 1 warnings, 2 failures;
//! `replay` with 0 if all answers are the same, 1 if some differ, 2 if something is faulty; `redirect --check` likewise.
//!
//! | file | command |
//! |---|---|
//! | `serve`, `plan` | `pillion serve`: as typed, and as understood |
//! | `shadow` | `pillion shadow`: the same, where another injector answers |
//! | `boot` | the tasks that `serve` runs beside its listeners |
//! | `cluster` | which cluster is meant, and certificates |
//! | `clients` | who may call the webhook's port |
//! | `tryout` | the line that `serve` prints, and the files it names |
//! | `record` | where reviews are recorded |
//! | `replay` | `pillion replay`: recorded reviews, answered again |
//! | `inject`, `input`, `output` | `pillion inject`: the command, its files, its output formats |
//! | `explain` | `pillion explain`: why a pod is, or is not, injected |
//! | `pillions` | the Pillions of a cluster, for commands that answer as they do |
//! | `status` | `pillion status`: which pods have their sidecar |
//! | `config` | `pillion config`: configurations checked and compared |
//! | `doctor` | `pillion doctor` |
//! | `tag` | `pillion tag`: further names of a revision |
//! | `takeover` | `pillion takeover`: istiod's webhooks, made to call us |
//! | `webhook` | `pillion webhook remove` |
//! | `named` | the configuration that a command's flags name, read once |
//! | `redirect` | `pillion redirect`: a pod's traffic, sent through Envoy |
//! | `origin` | `--config-source` and its kin, for both |
//! | `duration` | times as flags take them |
//! | `environment` | the variables that Istio's injector reads |
//!
//! Never: imported by any other module.

mod boot;
mod clients;
mod cluster;
mod config;
mod doctor;
mod duration;
mod environment;
mod explain;
mod inject;
mod input;
mod named;
mod origin;
mod output;
mod pillions;
mod plan;
mod record;
mod redirect;
mod replay;
mod serve;
mod shadow;
mod status;
mod tag;
mod takeover;
mod tryout;
mod webhook;

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;

/// Puts the Envoy sidecar into Kubernetes pods, as Istio's injector does or with no Istio at all.
#[derive(Debug, Parser)]
#[command(
    name = "pillion",
    version,
    propagate_version = true,
    max_term_width = 110,
    args_override_self = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the admission webhook.
    Serve(Box<serve::Args>),
    /// Let another injector answer, and compare what Pillion would have answered.
    Shadow(Box<shadow::Args>),
    /// Answer recorded reviews again, and compare with the answers that were recorded.
    Replay(Box<replay::Args>),
    /// Put the sidecar into manifests, as the webhook would.
    Inject(Box<inject::Args>),
    /// Tell why pods are, or are not, injected, and where each change comes from.
    Explain(Box<explain::Args>),
    /// Show which pods have their sidecar, which lack it, and which have an older one.
    Status(Box<status::Args>),
    /// Check a configuration before it serves, or compare two.
    Config(Box<config::Args>),
    /// Give a revision further names, as `istioctl tag` does.
    Tag(Box<tag::Args>),
    /// Let istiod's own webhooks call Pillion, after a check that pods come out the same; or give them back.
    Takeover(Box<takeover::Args>),
    /// Say whether an installation works, why not, and what mends it.
    Doctor(Box<doctor::Args>),
    /// Work on webhook configurations in a cluster.
    Webhook(webhook::Args),
    /// Send this network namespace's traffic through Envoy: what the init container of a pod runs.
    Redirect(Box<redirect::Args>),
    /// Say which program this is.
    Version,
    /// Write completions for a shell to standard output.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Write the manual pages, one a command, into a directory: for whoever makes a package.
    #[command(hide = true)]
    Man {
        /// The directory; it is there already.
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
}

/// Arguments that make no sense together, or a value that cannot be taken.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

/// The command has told all that there is to tell, and ends with this.
#[derive(Debug, thiserror::Error)]
#[error("ended")]
struct Ended(ExitCode);

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let cli = parse();
    let done = match cli.command {
        Command::Serve(args) => serve::run(*args),
        Command::Shadow(args) => shadow::run(*args),
        Command::Replay(args) => replay::run(*args),
        Command::Inject(args) => inject::run(*args),
        Command::Explain(args) => explain::run(*args),
        Command::Status(args) => status::run(*args),
        Command::Config(args) => config::run(&args),
        Command::Tag(args) => tag::run(*args),
        Command::Takeover(args) => takeover::run(*args),
        Command::Doctor(args) => doctor::run(*args),
        Command::Webhook(args) => webhook::run(args),
        Command::Redirect(args) => redirect::run(&args),
        Command::Version => print(&format!("pillion {}\n", env!("CARGO_PKG_VERSION"))),
        Command::Completions { shell } => completions(shell),
        Command::Man { directory } => manual(&directory),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) if error.is::<Ended>() => error.downcast().map_or(ExitCode::FAILURE, |Ended(code)| code),
        Err(error) => {
            complain(&format!("error: {error:#}"));
            ExitCode::from(if error.is::<Usage>() { 2 } else { 1 })
        }
    }
}

/// What was typed. Called `kubectl-pillion`, the program is a plugin of kubectl and names itself so.
fn parse() -> Cli {
    let called = std::env::args_os().next().map(PathBuf::from);
    let plugin = called.as_deref().and_then(Path::file_stem).is_some_and(|name| name == "kubectl-pillion");
    let mut command = Cli::command();
    if plugin {
        command = command.name("kubectl pillion").bin_name("kubectl pillion");
    }
    match Cli::from_arg_matches(&command.get_matches()) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    }
}

fn completions(shell: Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "pillion", &mut script);
    print(&String::from_utf8_lossy(&script))
}

fn manual(directory: &Path) -> Result<()> {
    clap_mangen::generate_to(Cli::command(), directory)
        .with_context(|| format!("cannot write manual pages into {}", directory.display()))
}

/// Writes to standard output.
fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Writes a line to standard error; if that is gone too, there is nobody to tell.
fn complain(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Whether whoever read our output has had enough.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == ErrorKind::BrokenPipe))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_of_the_arguments_is_sound() {
        Cli::command().debug_assert();
    }
}
