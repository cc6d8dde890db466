//! `pillion config check`: a configuration compiled, tried on sample pods and on workloads, and what is wrong with what
//! came out. Never: finding it (see `trial`).

use std::path::PathBuf;

use anyhow::{Result, bail};
use pillion_core::config::Snapshot;
use pillion_core::lint::Severity;
use serde_json::json;

use super::{Common, Format, counted, few};
use crate::cli::output::in_colour;
use crate::cli::{Usage, print};
use crate::trial::{Candidates, Problem, Problems, Until};

/// What was typed.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A directory with the files `config` and `values` and, if it is there, `mesh`, as --config-dir takes it.
    #[arg(value_name = "DIR", required_unless_present = "live", conflicts_with = "live")]
    directory: Option<PathBuf>,
    /// The configuration that is in the cluster, tried on the cluster's workloads too.
    #[arg(long)]
    live: bool,
    /// Try the configuration of a directory on the cluster's workloads too.
    #[arg(long)]
    workloads: bool,
    #[command(flatten)]
    common: Common,
    /// How findings are told.
    #[arg(long, short = 'o', value_enum, default_value = "text", value_name = "FORMAT")]
    output: Format,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<()> {
    if args.workloads && !args.common.filenames.is_empty() {
        return Err(Usage("--workloads and -f name two sets of workloads: give one".to_owned()).into());
    }
    let settings = args.common.settings();
    let origin = args.common.origin(args.directory.as_deref(), &settings);
    let on_cluster = args.workloads || args.live && args.common.filenames.is_empty();
    let texts = args.common.read(&origin, &settings, on_cluster)?;
    let cases = if on_cluster { args.common.of_cluster(&settings)? } else { args.common.of_files()? };
    let mut problems = Problems::default();
    let snapshot = match Candidates::build(&texts, &settings) {
        Err(error) => {
            problems.add(Problem::of_fault(error.to_string()));
            None
        }
        Ok(candidates) => {
            candidates.on_samples(Until::DONE, &mut problems);
            candidates.on_workloads(&cases, &mut problems);
            Some(candidates.built.snapshot)
        }
    };
    let source = origin.describe();
    print(&match args.output {
        Format::Text => text(&source, snapshot.as_ref(), &problems, cases.len()),
        Format::Json => as_json(&source, snapshot.as_ref(), &problems, cases.len()),
    })?;
    match problems.of(Severity::Error) {
        0 => Ok(()),
        errors => bail!("{} in {source}", counted(errors, "error")),
    }
}

fn text(source: &str, snapshot: Option<&Snapshot>, problems: &Problems, workloads: usize) -> String {
    let mut out = String::new();
    for problem in problems.iter() {
        out.push_str(&told(problem));
    }
    if let Some(snapshot) = snapshot {
        let Problems { injected, skipped, refused, .. } = *problems;
        out.push_str(&format!(
            "{source}, as Istio {}: {} tried, {} of them of workloads: {injected} injected, {skipped} left as they are, \
             {refused} refused\n",
            snapshot.level,
            counted(injected + skipped + refused, "pod"),
            workloads
        ));
    }
    let (errors, warnings) = (problems.of(Severity::Error), problems.of(Severity::Warning));
    out.push_str(&format!("{}, {}\n", counted(errors, "error"), counted(warnings, "warning")));
    out
}

/// A problem in a few lines: what, where, what to do.
fn told(problem: &Problem) -> String {
    let name = problem.severity.name();
    let name = match (in_colour(), problem.severity) {
        (false, _) => name.to_owned(),
        (true, Severity::Error) => format!("\x1b[31m{name}\x1b[0m"),
        (true, Severity::Warning) => format!("\x1b[33m{name}\x1b[0m"),
    };
    let message = problem.message.replace('\n', "\n    ");
    let mut out = format!("{name}: {message} [{}]\n", problem.code);
    let mut places = Vec::new();
    if !problem.templates.is_empty() {
        places.push(format!("template {}", problem.templates.replace(',', ", ")));
    }
    if !problem.field.is_empty() {
        places.push(problem.field.clone());
    }
    if problem.count > 0 {
        places.push(few(&problem.pods, problem.count));
    }
    for line in [places.join("; "), problem.hint.to_owned()].iter().filter(|line| !line.is_empty()) {
        out.push_str(&format!("    {line}\n"));
    }
    out
}

fn as_json(source: &str, snapshot: Option<&Snapshot>, problems: &Problems, workloads: usize) -> String {
    let Problems { injected, skipped, refused, .. } = *problems;
    let report = json!({
        "source": source,
        "release": snapshot.map(|snapshot| snapshot.level.to_string()),
        "pods": {"injected": injected, "skipped": skipped, "refused": refused, "ofWorkloads": workloads},
        "errors": problems.of(Severity::Error),
        "warnings": problems.of(Severity::Warning),
        "problems": problems.iter().map(Problem::told).collect::<Vec<_>>(),
    });
    format!("{report:#}\n")
}
