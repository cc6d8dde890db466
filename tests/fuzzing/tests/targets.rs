//! Every target over the inputs that were findings once, and over some that a seed makes: the short run that is everywhere.
//! `PILLION_FUZZ_SEED` takes another seed and `PILLION_FUZZ_RUNS` more inputs.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test says what is wrong by panicking"
)]

use pillion_fuzzing::run::{self, Until};
use pillion_fuzzing::{TARGETS, Target};

/// Inputs of all targets together, where nobody says otherwise: some seconds.
const RUNS: u64 = 20_000;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is {text:?} and no whole number")))
}

/// Another one every day, the same on one day.
fn seed() -> u64 {
    let today =
        || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() / 86_400;
    number("PILLION_FUZZ_SEED").unwrap_or_else(today)
}

fn told(target: &Target, finding: &run::Finding) -> String {
    let input = String::from_utf8_lossy(&finding.input);
    format!("{} input {:?}: {}\n  {input:?}", target.name, finding.number, finding.message)
}

#[test]
fn nothing_that_was_found_once_is_found_again() {
    let mut found = vec![];
    for target in TARGETS {
        for (path, input) in run::cases(target) {
            found.extend(run::once(target, &input).map(|it| format!("{}: {}", path.display(), it.message)));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_case_belongs_to_a_target() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/cases");
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        let known = TARGETS.iter().any(|target| *target.name == *name);
        assert!(known || entry.path().is_file(), "cases/{} is no target's", name.to_string_lossy());
    }
}

#[test]
fn targets_hold_over_inputs_that_a_seed_makes() {
    let (seed, runs) = (seed(), number("PILLION_FUZZ_RUNS").unwrap_or(RUNS));
    println!("PILLION_FUZZ_SEED={seed} PILLION_FUZZ_RUNS={runs}");
    let mut found = vec![];
    for target in TARGETS {
        let until = Until { runs: runs * target.share / 1000, time: None };
        let outcome = run::run(target, seed, 0, until);
        println!("fuzz: {} | {} | {}", target.name, outcome.executions, outcome.findings.len());
        found.extend(outcome.findings.iter().map(|finding| told(target, finding)));
    }
    assert!(found.is_empty(), "PILLION_FUZZ_SEED={seed}:\n{}", found.join("\n"));
}
