//! `pillion inject`: the webhook's engine over files. All files are injected before anything is written, so that a
//! fault leaves nothing half-done. Never: how a manifest is injected (see `files`).

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};

use super::cluster::AccessArgs;
use super::input::{self, Input};
use super::named::Named;
use super::output::{self, Format};
use super::{complain, print};
use crate::clock::now;
use crate::files::{Injector, Note, Told};

/// From this many files on a terminal shows how far it is.
const MANY: usize = 20;

/// What was typed.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A manifest, a directory of manifests, or `-` for standard input; may be given several times.
    #[arg(long = "filename", short = 'f', value_name = "FILE|DIR|-", required = true)]
    filenames: Vec<PathBuf>,
    /// The namespace of objects that name none.
    #[arg(long, short = 'n', default_value = "default", value_name = "NS")]
    namespace: String,
    /// What is written: the manifests, their objects as JSON, the JSON Patch of each pod, or what changed.
    #[arg(long, short = 'o', value_enum, default_value = "yaml", value_name = "FORMAT")]
    output: Format,
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    access: AccessArgs,
}

/// Runs the command.
pub(super) fn run(args: Args) -> Result<()> {
    let snapshot = args.named.read(&args.access)?;
    let injector = Injector { snapshot, namespace: args.namespace, now: now() };

    let files = input::list(&args.filenames)?;
    let progress = progress(files.len());
    let (mut out, mut faults) = (String::new(), 0_usize);
    for path in &files {
        match file(&injector, path, args.output) {
            Ok(text) => output::join(&mut out, &text, args.output),
            Err(error) => {
                progress.suspend(|| complain(&format!("error: {error:#}")));
                faults += 1;
            }
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    match faults {
        0 => print(&out),
        1 => bail!("nothing was written, because of the fault above"),
        faults => bail!("nothing was written, because of {faults} faults above"),
    }
}

/// One file, injected and in the format asked for; what people should know of it is told at once.
fn file(injector: &Injector, path: &Path, format: Format) -> Result<String> {
    let Input { name, text } = input::read(path)?;
    let done = injector.inject(&name, &text, |note| complain(&told(&name, &note)));
    let done = done.map_err(|e| anyhow::anyhow!("{e}"))?;
    output::write(format, &name, &done.injected, &done.patches).context(name)
}

/// One line for one note.
fn told(file: &str, Note { label, what }: &Note) -> String {
    match what {
        Told::Warning(warning) => format!("warning: {file}: {label}: {warning}"),
        Told::NotInjected(reason) => {
            format!("note: {file}: {label}: not injected: {} {}", reason.sentence(), reason.hint())
        }
    }
}

fn progress(files: usize) -> ProgressBar {
    if files < MANY {
        return ProgressBar::hidden();
    }
    // Draws on standard error, and only if that is a terminal.
    let bar = ProgressBar::new(files as u64);
    match ProgressStyle::with_template("{bar:30} {pos}/{len} files  {elapsed}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
