//! What a run prints. One line a release: `mesh: SAME/TOTAL same`.
#![allow(clippy::print_stdout, reason = "a command that reports on the terminal")]

use super::Outcome;

/// How many of the fields that differ most are listed, and how many differences of one question.
const MOST_LISTED: usize = 40;

/// Prints the report; whether the run passes.
#[must_use]
pub fn print(outcome: &Outcome) -> bool {
    let mut passed = !outcome.releases.is_empty();
    for (release, found) in &outcome.releases {
        for failure in &found.failures {
            println!(
                "\ndiffers: Istio {release}\n  again with --mesh --release {release} --question {}",
                failure.saved.display()
            );
            failure.differences.iter().take(MOST_LISTED).for_each(|d| println!("    {d}"));
        }
        let mut groups: Vec<_> = found.groups.iter().collect();
        groups.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        groups.iter().take(MOST_LISTED).for_each(|(path, count)| println!("  {count:>6}  {path}"));
        let gaps = found.coverage.gaps();
        for name in &gaps {
            let why = found.refusals.get(*name).map_or("", String::as_str);
            println!("  never compared: {name} {}", why.replace('\n', " "));
        }
        if found.died.0 > 0 {
            println!("  Istio {release} died of {} questions: {}", found.died.0, found.died.1);
        }
        let rows = found.coverage.rows().count();
        println!(
            "Istio {release}: seed {}; {} questions with a refused source; {} of {rows} fields and places compared",
            outcome.seed,
            found.refused,
            rows - gaps.len()
        );
        println!("mesh: {}/{} same", found.same, found.total);
        passed &= found.same == found.total && found.total > 0 && gaps.is_empty();
    }
    passed
}
