//! `pillion doctor`: whether an installation works, what was seen, and what mends it. Never: changing anything.

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::Result;
use clap::ValueEnum;
use pillion_core::config::Settings;
use serde::Serialize;

use super::cluster::{AccessArgs, named, on_cluster};
use super::{Ended, print};
use crate::cluster::doctor::{Judged, Place, Status, diagnose, gather, unreachable, worst};
use crate::cluster::registration::Target;

/// The version of the JSON, which grows only: a field that is there stays what it is.
const SCHEMA: u32 = 1;

/// What was typed.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The namespace of the installation.
    #[arg(long, short = 'n', env = "PILLION_NAMESPACE", default_value = "istio-system", value_name = "NS")]
    namespace: String,
    /// The revision that it serves.
    #[arg(long, short = 'r', env = "REVISION", default_value = "default", value_name = "REV")]
    revision: String,
    /// The Service by which API servers reach it; `pillion`, or `pillion-REV`.
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// The URL by which API servers reach it where they do not use the Service.
    #[arg(long, value_name = "URL")]
    webhook_url: Option<String>,
    /// Only namespaces with these labels are looked at; the installation's own always is.
    #[arg(long, short = 'l', value_name = "SELECTOR")]
    selector: Option<String>,
    /// How it is told.
    #[arg(long, short = 'o', value_enum, default_value = "text", value_name = "FORMAT")]
    output: Format,
    #[command(flatten)]
    access: AccessArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: in colour on a terminal.
    Text,
    /// For programs; docs/operations.md has the fields.
    Json,
}

/// Runs the command. Whatever goes wrong ends with 2: 1 means that there are warnings only.
pub(super) fn run(args: Args) -> Result<()> {
    let revision = if args.revision.is_empty() { "default".to_owned() } else { args.revision };
    let defaults = Settings { revision: revision.clone(), namespace: args.namespace, ..Settings::default() };
    let target = Target {
        namespace: defaults.namespace,
        service: args.service.unwrap_or_else(|| named("pillion", &revision)),
        url: args.webhook_url,
    };
    let place = Place { target, revision, namespaces: args.selector };
    let told = place.clone();
    let all = on_cluster(&args.access.access(), async move |client| {
        Ok(match Box::pin(gather(&client, place)).await {
            Ok(facts) => diagnose(&facts),
            Err(reason) => unreachable(&reason),
        })
    });
    let all = all.unwrap_or_else(|error| unreachable(&format!("{error:#}")));
    let worst = worst(&all);
    match args.output {
        Format::Text => print(&text(&told, &all, in_colour()))?,
        Format::Json => print(&format!("{}\n", serde_json::to_string_pretty(&report(&told, &all))?))?,
    }
    match worst {
        Status::Fail => Err(Ended(ExitCode::from(2)).into()),
        Status::Warn => Err(Ended(ExitCode::from(1)).into()),
        Status::Skip | Status::Pass => Ok(()),
    }
}

/// As <https://no-color.org> has it.
fn in_colour() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Everything, for programs.
#[derive(Serialize)]
struct Report<'r> {
    schema: u32,
    version: &'static str,
    installation: Installation<'r>,
    status: &'static str,
    checks: Vec<Told<'r>>,
}

#[derive(Serialize)]
struct Installation<'r> {
    namespace: &'r str,
    service: &'r str,
    revision: &'r str,
}

/// One check, for programs.
#[derive(Serialize)]
struct Told<'r> {
    name: &'static str,
    about: &'static str,
    status: &'static str,
    summary: &'r str,
    evidence: &'r [String],
    mend: &'r [String],
    because: &'r [&'static str],
}

fn report<'r>(place: &'r Place, all: &'r [Judged]) -> Report<'r> {
    let told = |judged: &'r Judged| Told {
        name: judged.check.name,
        about: judged.check.about,
        status: judged.finding.status.name(),
        summary: &judged.finding.summary,
        evidence: &judged.finding.evidence,
        mend: &judged.finding.mend,
        because: &judged.because,
    };
    Report {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION"),
        installation: Installation {
            namespace: &place.target.namespace,
            service: &place.target.service,
            revision: &place.revision,
        },
        status: worst(all).name(),
        checks: all.iter().map(told).collect(),
    }
}

/// Everything, for people: what failed with what was seen and what mends it, and a line for all else.
fn text(place: &Place, all: &[Judged], colour: bool) -> String {
    let paint = |code: &str, text: &str| {
        if colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    };
    let mut out = format!("Pillion {} (revision {})\n\n", place.target, place.revision);
    let width = all.iter().map(|judged| judged.check.name.len()).max().unwrap_or(0);
    for judged in all {
        let finding = &judged.finding;
        let (code, mark) = match finding.status {
            Status::Fail => ("31", "✗"),
            Status::Warn => ("33", "!"),
            Status::Skip => ("2", "-"),
            Status::Pass => ("32", "✓"),
        };
        let name = format!("{:width$}", judged.check.name);
        out.push_str(&format!("{} {}  {}", paint(code, mark), paint("1", &name), finding.summary));
        if !judged.because.is_empty() {
            out.push_str(&format!(": see above ({})", judged.because.join(", ")));
        }
        out.push('\n');
        if !matches!(finding.status, Status::Fail | Status::Warn) {
            continue;
        }
        let indent = " ".repeat(width + 4);
        finding.evidence.iter().for_each(|line| out.push_str(&format!("{indent}{line}\n")));
        for (index, command) in finding.mend.iter().enumerate() {
            let label = if index == 0 { "mend:" } else { "  or:" };
            out.push_str(&format!("{indent}{label} {}\n", paint("36", command)));
        }
    }
    let count = |status: Status| all.iter().filter(|judged| judged.finding.status == status).count();
    out.push_str(&format!(
        "\n{} failed, {} warnings, {} passed, {} not judged\n",
        count(Status::Fail),
        count(Status::Warn),
        count(Status::Pass),
        count(Status::Skip)
    ));
    out
}
