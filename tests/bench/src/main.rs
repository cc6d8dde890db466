//! `make bench`: Pillion beside Istio's injector and a bare echo, over HTTPS on loopback, by the same load generator with
//! the same bodies in alternation. CPU time of a request is read from each process's own clock.
//!
//! | module | owns |
//! |---|---|
//! | `peers` | the programs, started and ended |
//! | `captured`, `review`, `shape`, `workloads` | bodies: as captured, with holes, as workloads differ, as they come |
//! | `client`, `load`, `metronome` | a connection; one peer under load for a while; when requests are due |
//! | `agree` | whether answers are right at all |
//! | `measure`, `process`, `start`, `watching` | turns and rounds; clocks and memory; starting, with files and with a cluster |
//! | `figures`, `report` | what it comes to, and how it is shown |
//! | `cluster`, `histogram` | through a real API server, and what that counted |
//! | `growth`, `svg` | cost against the size of pods and the number of workloads, drawn |
//!
//! Never: part of `make test`; asserting a time.

mod agree;
mod captured;
mod client;
mod cluster;
mod figures;
mod growth;
mod histogram;
mod load;
mod measure;
mod metronome;
mod peers;
mod process;
mod report;
mod review;
mod shape;
mod start;
mod svg;
mod watching;
mod workloads;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Parser;

use crate::measure::Plan;
use crate::peers::Setup;
use crate::process::Machine;
use crate::report::{Report, head, line, say};
use crate::workloads::{WORKLOADS, Workload};

/// Measures Pillion beside Istio's injector and a bare echo. `make bench` builds all three and names them.
#[derive(Debug, Parser)]
struct Args {
    /// Only this workload; any number of times.
    #[arg(long, value_name = "NAME")]
    workload: Vec<String>,
    /// How long each peer is asked before the next has its turn.
    #[arg(long, default_value = "1", value_name = "SECONDS")]
    seconds: f64,
    /// How many turns each peer has.
    #[arg(long, default_value = "3", value_name = "N")]
    rounds: usize,
    /// Short turns, once each: whether it works, not what it costs.
    #[arg(long)]
    quick: bool,
    /// Where the report is written.
    #[arg(long, default_value = "target/bench/report.json", value_name = "FILE")]
    out: PathBuf,
    /// Measures how the cost grows with pods and workloads instead, and draws it into this directory.
    #[arg(long, value_name = "DIR")]
    growth: Option<PathBuf>,
    /// Makes 2,000 pods through a real API server instead, with each injector in turn.
    #[arg(long)]
    cluster: bool,
    /// What the peers that are Pillion log of their answers: changed, all or off.
    #[arg(long, default_value = "changed", value_name = "WHICH")]
    decision_log: String,
    /// Lists the workloads and ends.
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<()> {
    if args.list {
        return WORKLOADS.iter().try_for_each(|row| say(&format!("{:<26} {}", row.name, row.about)));
    }
    let workloads = chosen(&args.workload)?;
    let (seconds, rounds) = if args.quick { (0.2, 1) } else { (args.seconds, args.rounds) };
    ensure!(seconds > 0.0 && seconds <= 600.0, "--seconds {seconds}: more than 0, 600 at most");
    ensure!(rounds > 0, "--rounds 0 measures nothing");
    let plan = Plan { slot: Duration::from_secs_f64(seconds), rounds };
    let setup = Setup::new(&args.decision_log)?;
    if args.cluster {
        return cluster::measure(&setup, rounds, &args.out);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if let Some(directory) = &args.growth {
        return runtime.block_on(growth::measure(&setup, plan, directory));
    }
    let before = Machine::now()?;
    let mut report = Report {
        began: jiff::Timestamp::now().to_string(),
        seconds,
        rounds,
        stolen_percent: 0.0,
        cpus: std::thread::available_parallelism()?.get(),
        start: start::measure(&setup)?,
        rows: vec![],
    };
    for start in &report.start {
        say(&start.line())?;
    }
    say(&head())?;
    for workload in workloads {
        let rows = runtime.block_on(measure::workload(&setup, plan, workload))?.rows();
        rows.iter().try_for_each(|row| say(&line(row)))?;
        report.rows.extend(rows);
        report.stolen_percent = Machine::now()?.stolen_percent(before);
        // What is done is kept, whatever becomes of the rest.
        report.write(&args.out)?;
    }
    say(&format!("{:.1} % of the wanted CPU time was given to others by the host", report.stolen_percent))?;
    say(&format!("report: {}", args.out.display()))
}

/// The workloads of these names; all without any.
fn chosen(names: &[String]) -> Result<Vec<&'static Workload>> {
    for name in names {
        let known = || WORKLOADS.iter().map(|workload| workload.name).collect::<Vec<_>>().join(", ");
        ensure!(WORKLOADS.iter().any(|workload| workload.name == name), "no workload {name:?}: {}", known());
    }
    let wanted = |workload: &&Workload| names.is_empty() || names.iter().any(|name| name == workload.name);
    Ok(WORKLOADS.iter().filter(wanted).collect())
}
