//! `pillion-fuzzing`: the targets from the command line. Owns its arguments and what is printed: one line a target,
//! `fuzz: TARGET | executions | findings`. Exits 1 when something was found.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command that reports on the terminal")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use clap::Parser;
use pillion_fuzzing::run::{self, Finding, Until};
use pillion_fuzzing::{TARGETS, Target, target};

/// Runs the fuzz targets over inputs that a seed makes.
#[derive(Debug, Parser)]
#[command(name = "pillion-fuzzing", version)]
struct Options {
    /// Only these targets.
    targets: Vec<String>,
    /// Inputs in all, dealt out by the targets' shares.
    #[arg(long, default_value_t = 200_000)]
    runs: u64,
    /// Seconds for each target at most.
    #[arg(long)]
    seconds: Option<u64>,
    /// The seed; one is drawn from the clock when this is not given.
    #[arg(long)]
    seed: Option<u64>,
    /// The number of the first input.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Where findings are written.
    #[arg(long, value_name = "DIR", default_value = "target/fuzz/findings")]
    findings: PathBuf,
    /// Run this one input through the targets named.
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Print the input of the number --from and run nothing.
    #[arg(long)]
    show: bool,
    /// Write what mutation begins with into this folder, a folder a target, and run nothing.
    #[arg(long, value_name = "DIR")]
    seeds: Option<PathBuf>,
}

fn main() -> ExitCode {
    match work(&Options::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("fuzz: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// How many findings there were.
fn work(options: &Options) -> Result<usize> {
    let chosen = chosen(&options.targets)?;
    if let Some(folder) = &options.seeds {
        chosen.iter().try_for_each(|target| write_seeds(target, &folder.join(target.name)))?;
        return Ok(0);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seed = options.seed.unwrap_or(now.as_secs());
    if options.show {
        for target in &chosen {
            let input = run::input(target, &(target.seeds)(), seed, options.from);
            println!("{}", String::from_utf8_lossy(&input));
        }
        return Ok(0);
    }
    if let Some(file) = &options.input {
        let input = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let found: Vec<Finding> = chosen.iter().filter_map(|target| run::once(target, &input)).collect();
        found.iter().for_each(|finding| println!("{}", finding.message));
        return Ok(found.len());
    }
    println!("fuzz: seed {seed}");
    let (mut executions, mut findings) = (0, 0);
    for target in &chosen {
        let outcome = one(target, seed, options, &chosen)?;
        executions += outcome.0;
        findings += outcome.1;
    }
    println!("fuzz: all | {executions} | {findings}");
    Ok(findings)
}

fn chosen(names: &[String]) -> Result<Vec<&'static Target>> {
    if names.is_empty() {
        return Ok(TARGETS.iter().collect());
    }
    let find = |name: &String| {
        target(name).with_context(|| {
            let all: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            format!("no target {name:?}; there are {}", all.join(", "))
        })
    };
    names.iter().map(find).collect()
}

/// Runs one target: its share of the inputs among those that are run.
fn one(target: &Target, seed: u64, options: &Options, chosen: &[&Target]) -> Result<(u64, usize)> {
    let shares: u64 = chosen.iter().map(|target| target.share).sum();
    let runs = (options.runs * target.share).div_ceil(shares);
    let until = Until { runs, time: options.seconds.map(Duration::from_secs) };
    let outcome = run::run(target, seed, options.from, until);
    for finding in &outcome.findings {
        let file = write_finding(target, finding, &options.findings)?;
        println!(
            "found: {} input {} ({} times): {}",
            target.name,
            number(finding),
            finding.times,
            finding.message
        );
        println!("  {:?}", String::from_utf8_lossy(&finding.input));
        println!("  again with pillion-fuzzing {} --input {}", target.name, file.display());
    }
    let (slowest, took) = outcome.slowest;
    println!(
        "fuzz: {} | {} | {} (slowest: input {slowest}, {} ms)",
        target.name,
        outcome.executions,
        outcome.findings.len(),
        took.as_millis()
    );
    Ok((outcome.executions, outcome.findings.len()))
}

fn number(finding: &Finding) -> u64 {
    finding.number.unwrap_or_default()
}

fn write_finding(target: &Target, finding: &Finding, folder: &Path) -> Result<PathBuf> {
    let folder = folder.join(target.name);
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let file = folder.join(number(finding).to_string());
    std::fs::write(&file, &finding.input).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}

fn write_seeds(target: &Target, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for (at, seed) in (target.seeds)().iter().enumerate() {
        let file = folder.join(format!("seed-{at:04}"));
        std::fs::write(&file, seed).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}
