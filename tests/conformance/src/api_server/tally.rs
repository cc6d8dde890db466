//! [`Tally`]: what the API server's answers add up to, and how it is printed.
#![allow(clippy::print_stdout, reason = "a command that reports on the terminal")]

use std::collections::BTreeMap;

use super::outcome::without_places;

/// How many reasons and warnings are listed; with `--summary`, many more.
const LISTED: usize = 8;
const MOST_LISTED: usize = 80;

/// The figures.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Pods held against each other.
    pub total: usize,
    /// Of these, treated alike.
    pub same: usize,
    /// Pods that were taken from both.
    pub accepted: usize,
    /// Pods that were refused from both.
    pub refused: usize,
    /// Pods treated otherwise on purpose: left out of all of the above.
    pub on_purpose: usize,
    /// Pods that are refused before any injection.
    pub refused_before: usize,
    /// Of these, pods that cannot be read: no webhook would see them.
    pub unread_before: usize,
    /// Pods created with dry run.
    pub creates: usize,
    /// How long that took, added up over the comparing threads.
    pub seconds: f64,
    reasons: BTreeMap<String, usize>,
    warnings: BTreeMap<String, usize>,
    faults: BTreeMap<String, usize>,
    excused: BTreeMap<String, (usize, String)>,
}

impl Tally {
    /// Counts a reason of refusal, in general terms.
    pub fn reason(&mut self, text: &str) {
        *self.reasons.entry(general(text)).or_default() += 1;
    }

    /// Counts a warning that Istio's pod brings.
    pub fn warn(&mut self, text: &str) {
        *self.warnings.entry(general(text)).or_default() += 1;
    }

    /// Counts a field that injection brought and that strict validation would refuse.
    pub fn find_fault(&mut self, text: &str) {
        *self.faults.entry(text.to_owned()).or_default() += 1;
    }

    /// Counts a difference that is there on purpose.
    pub fn excuse(&mut self, row: &str, case: &str) {
        self.excused.entry(row.to_owned()).or_insert_with(|| (0, case.to_owned())).0 += 1;
    }

    /// Takes in what another configuration found.
    pub fn merge(&mut self, other: Self) {
        for (mine, others) in [
            (&mut self.total, other.total),
            (&mut self.same, other.same),
            (&mut self.accepted, other.accepted),
            (&mut self.refused, other.refused),
            (&mut self.on_purpose, other.on_purpose),
            (&mut self.refused_before, other.refused_before),
            (&mut self.unread_before, other.unread_before),
            (&mut self.creates, other.creates),
        ] {
            *mine += others;
        }
        self.seconds += other.seconds;
        for (mine, others) in [
            (&mut self.reasons, other.reasons),
            (&mut self.warnings, other.warnings),
            (&mut self.faults, other.faults),
        ] {
            others.into_iter().for_each(|(text, count)| *mine.entry(text).or_default() += count);
        }
        for (row, (count, case)) in other.excused {
            self.excused.entry(row).or_insert((0, case)).0 += count;
        }
    }

    /// Prints the figures; whether the API server was asked and treated all alike.
    #[must_use]
    pub fn print(&self, summary: bool) -> bool {
        let most = if summary { MOST_LISTED } else { LISTED };
        list(
            "refused by the API server, whoever injected them (a pod may have several reasons)",
            &self.reasons,
            most,
        );
        list("what injection brought and strict validation would refuse", &self.faults, most);
        list("warnings of the API server about Istio's pods", &self.warnings, most);
        for (row, (count, case)) in &self.excused {
            println!("  {count:>6}  otherwise on purpose: {row} ({case})");
        }
        println!(
            "\n{} pods created with dry run, in {:.0} s of the comparing threads; {} of the pods are refused before any injection, {} of these unread; strict validation would refuse {} fields that injection brought",
            self.creates,
            self.seconds,
            self.refused_before,
            self.unread_before,
            self.faults.values().sum::<usize>()
        );
        println!(
            "api server: {}/{} same; {} accepted by both, {} refused by both; {} differ on purpose",
            self.same, self.total, self.accepted, self.refused, self.on_purpose
        );
        self.same == self.total && self.accepted > 0
    }
}

fn list(title: &str, texts: &BTreeMap<String, usize>, most: usize) {
    if texts.is_empty() {
        return;
    }
    println!("\n{title}:");
    let mut sorted: Vec<_> = texts.iter().collect();
    sorted.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    sorted.iter().take(most).for_each(|(text, count)| println!("  {count:>6}  {text}"));
    if sorted.len() > most {
        let rest: usize = sorted[most..].iter().map(|(_, count)| **count).sum();
        println!("  {rest:>6}  for {} other reasons (--summary lists them)", sorted.len() - most);
    }
}

/// The text without what is in quotes and without places in lists: what kind of reason it is.
fn general(text: &str) -> String {
    const LONGEST: usize = 160;
    let mut out = String::new();
    for (at, part) in without_places(text).split('"').enumerate() {
        out.push_str(if at % 2 == 0 { part } else { "…" });
    }
    out.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
