//! What a run prints. The closing line is `conformance: SAME/TOTAL same`; everything else stands before it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command that reports on the terminal")]

use std::collections::BTreeMap;

use crate::judge::{Judgement, Pair};
use crate::options::Options;
use crate::tally::{Figures, Tally};

/// How many of the most frequent paths and texts are listed.
const MOST_LISTED: usize = 60;
/// How many differences of one pod are listed.
const MOST_DIFFERENCES: usize = 12;

/// Prints the report; whether the run passes.
#[must_use]
pub fn print(tally: &Tally, options: &Options) -> bool {
    let all = tally.all();
    println!(
        "{:<8} {:<22} {:>6} {:>6} {:>9} {:>8} {:>8}  on purpose  left out",
        "release", "configuration", "pods", "same", "injected", "skipped", "refused"
    );
    for ((release, configuration), f) in &tally.by_configuration {
        println!(
            "{release:<8} {configuration:<22} {:>6} {:>6} {:>9} {:>8} {:>8}  {:>10}  {:>8}",
            f.total, f.same, f.injected, f.skipped, f.refused, f.on_purpose, f.undecided
        );
    }
    if options.summary {
        summary(tally);
    }
    for failure in &tally.failures {
        println!("\ndiffers: {}\n  again with --replay {}", failure.title, failure.saved.display());
        failure.differences.iter().take(MOST_DIFFERENCES).for_each(|d| println!("    {d}"));
        if failure.differences.len() > MOST_DIFFERENCES {
            println!("    and {} more", failure.differences.len() - MOST_DIFFERENCES);
        }
        failure.broken.iter().for_each(|b| println!("    broken: {b}"));
    }
    let covered = coverage(tally, options);
    println!(
        "\nseed {}; {} injected, {} skipped, {} refused ({} of {} refusals in the same words, {} in others for a reason); {} differ on purpose; {} left out, for the oracle disagrees with itself",
        tally.seed,
        all.injected,
        all.skipped,
        all.refused,
        all.same_messages,
        all.messages,
        all.messages - all.same_messages - tally.texts.values().sum::<usize>(),
        all.on_purpose,
        all.undecided
    );
    println!(
        "{} second injections; {} change nothing, the others only what Istio's own changes",
        all.again, all.unchanged
    );
    let enough = by_release(tally, options) & at_least("in all", all.injected, options.min);
    let created = !options.api_server || tally.api_server.print(options.summary);
    println!("conformance: {}/{} same", all.same, all.total);
    all.same == all.total && all.total > 0 && enough && covered && created
}

/// Prints the figures of each release; whether each injected enough pods.
fn by_release(tally: &Tally, options: &Options) -> bool {
    let mut releases: BTreeMap<&str, Figures> = BTreeMap::new();
    for ((release, _), figures) in &tally.by_configuration {
        releases.entry(release).or_default().add(figures);
    }
    let mut enough = true;
    for (release, figures) in &releases {
        println!(
            "Istio {release}: {}/{} same; {} injected, {} on purpose",
            figures.same, figures.total, figures.injected, figures.on_purpose
        );
        enough &= at_least(&format!("under {release}"), figures.injected, options.min_each);
    }
    enough
}

fn at_least(place: &str, injected: usize, wanted: usize) -> bool {
    if injected < wanted {
        println!("too few: {injected} injected pods {place}, where {wanted} are wanted");
    }
    injected >= wanted
}

/// Whether all that must fire has fired.
fn coverage(tally: &Tally, options: &Options) -> bool {
    if options.coverage {
        println!("\ncoverage:");
        tally.coverage.rows().for_each(|(name, count)| println!("  {count:>7}  {name}"));
    }
    let gaps = tally.coverage.gaps();
    let rows = tally.coverage.rows().count();
    println!("\ncoverage: {} of {rows} fired", rows - gaps.len());
    if !tally.complete || gaps.is_empty() {
        return true;
    }
    gaps.iter().for_each(|name| println!("  never fired: {name}"));
    false
}

fn summary(tally: &Tally) {
    println!("\ndiffering paths:");
    let mut groups: Vec<_> = tally.groups.iter().collect();
    groups.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    for (path, (count, example)) in groups.iter().take(MOST_LISTED) {
        println!("  {count:>6}  {path}    ({example})");
    }
    println!("\nrefusals:");
    let mut refusals: Vec<_> = tally.refusals.iter().collect();
    refusals.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    refusals.iter().take(MOST_LISTED).for_each(|(why, count)| println!("  {count:>6}  {why}"));
    println!("\nrefusals in other words:");
    let mut texts: Vec<_> = tally.texts.iter().collect();
    texts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    for ((istio, pillion), count) in texts.iter().take(MOST_LISTED) {
        println!("  {count:>6}  istio   {istio:?}\n          pillion {pillion:?}");
    }
}

/// Prints one pair in full.
pub fn one(pair: &Pair<'_>, judgement: &Judgement) {
    println!("istio   {:?} {}", pair.istio.verdict, pair.istio.message);
    println!("pillion {:?} {}", pair.pillion.verdict, pair.pillion.message);
    judgement.differences.iter().for_each(|d| println!("    {d}"));
    judgement.broken.iter().for_each(|b| println!("    broken: {b}"));
    println!("{}", if judgement.same() { "same" } else { "different" });
}

/// Says why nothing could be compared.
pub fn error(error: &anyhow::Error) {
    eprintln!("conformance: {error:#}");
}
