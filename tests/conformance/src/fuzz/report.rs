//! What a fuzzing run prints. The closing line is `fuzz: differential | EXECUTIONS | FINDINGS`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command that reports on the terminal")]

use super::run::{Finding, Found};

/// Longest answer that is printed.
const LONGEST: usize = 4000;

/// How far a run has come: a long one that is broken off has told what it did.
pub(super) fn progress(found: &Found) {
    eprintln!("fuzz: {} so far | {}", executions(found), found.findings.len() + found.disputed.len());
}

fn executions(found: &Found) -> usize {
    let all = found.tally.all();
    all.total + all.on_purpose + all.undecided
}

/// Prints the report; whether nothing was found.
#[must_use]
pub fn print(found: &Found) -> bool {
    found.findings.iter().for_each(one);
    found.disputed.iter().for_each(|dispute| println!("\none takes it, the other does not: {dispute}"));
    let (all, executions) = (found.tally.all(), executions(found));
    println!(
        "\nseed {}; {} injected, {} skipped, {} refused ({} of {} refusals in the same words); {} differ on purpose; {} left out, for the oracle disagrees with itself",
        found.seed,
        all.injected,
        all.skipped,
        all.refused,
        all.same_messages,
        all.messages,
        all.on_purpose,
        all.undecided
    );
    println!(
        "configurations changed: {} taken by both, {} refused by both, {} disputed",
        found.taken,
        found.refused,
        found.disputed.len()
    );
    let wrong = found.findings.len() + found.disputed.len();
    println!("fuzz: differential | {executions} | {wrong}");
    wrong == 0 && executions > 0
}

fn one(finding: &Finding) {
    let Finding { title, changed, wrong, times, saved } = finding;
    println!("\ndiffers: {title}, {} ({times} times), posted to {}", wrong.case.name, wrong.case.path);
    if !changed.is_empty() {
        println!("  with {changed}");
    }
    println!("  pod     {}", wrong.case.pod());
    println!("  istio   {}", short(&wrong.istio));
    println!("  pillion {}", short(&wrong.pillion));
    wrong.differences.iter().for_each(|difference| println!("    {difference}"));
    wrong.broken.iter().for_each(|broken| println!("    broken: {broken}"));
    if let Some(saved) = saved {
        println!("  again with --replay {}", saved.display());
    }
}

fn short(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
