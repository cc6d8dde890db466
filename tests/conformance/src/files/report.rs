//! What a run over manifests adds up to and prints. A release's closing line is `files: RELEASE SAME/TOTAL same`, in
//! documents; the run's is `files: SAME/TOTAL same`.
#![allow(clippy::print_stdout, reason = "a command that reports on the terminal")]

use std::collections::BTreeMap;

use crate::compare::Difference;
use crate::coverage::Coverage;
use crate::options::Options;

/// How many differences of one manifest are listed.
const MOST_DIFFERENCES: usize = 12;
/// How much of a manifest's text is shown.
const MOST_LINES: usize = 400;
const LONGEST_LINE: usize = 400;

/// Figures of one release and configuration.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Manifests compared.
    pub manifests: usize,
    /// Documents and items of Lists in them.
    pub documents: usize,
    /// Documents of manifests whose answers are the same.
    pub same: usize,
    /// Of these, documents of manifests that differ only on purpose.
    pub on_purpose: usize,
    /// Documents that Pillion injected something in.
    pub injected: usize,
    /// Pods that Istio passed over with a warning.
    pub warned: usize,
    /// Manifests that Istio refused.
    pub refused: usize,
}

impl Figures {
    fn add(&mut self, other: &Self) {
        self.manifests += other.manifests;
        self.documents += other.documents;
        self.same += other.same;
        self.on_purpose += other.on_purpose;
        self.injected += other.injected;
        self.warned += other.warned;
        self.refused += other.refused;
    }
}

/// A manifest whose answers differ.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Release, configuration and manifest.
    pub title: String,
    /// The manifest.
    pub text: String,
    /// Where the answers differ.
    pub differences: Vec<Difference>,
    /// Properties that Pillion's answer breaks.
    pub broken: Vec<String>,
}

/// Everything a run found.
#[derive(Debug, Default)]
pub struct Tally {
    /// The seed of the random manifests.
    pub seed: u64,
    /// Figures by release and configuration.
    pub by_configuration: BTreeMap<(String, String), Figures>,
    /// The first failures.
    pub failures: Vec<Failure>,
    /// What fired how often.
    pub coverage: Coverage,
    /// Whether everything ran, so that coverage may be demanded.
    pub complete: bool,
}

impl Tally {
    /// Takes in what one configuration found.
    pub fn merge(&mut self, other: Self, most_failures: usize) {
        for (key, figures) in other.by_configuration {
            self.by_configuration.entry(key).or_default().add(&figures);
        }
        let room = most_failures.saturating_sub(self.failures.len());
        self.failures.extend(other.failures.into_iter().take(room));
        self.coverage.merge(other.coverage);
    }

    /// The figures of each release.
    fn by_release(&self) -> BTreeMap<&str, Figures> {
        let mut releases: BTreeMap<&str, Figures> = BTreeMap::new();
        for ((release, _), figures) in &self.by_configuration {
            releases.entry(release).or_default().add(figures);
        }
        releases
    }
}

/// Prints the report; whether the run passes.
#[must_use]
pub fn print(tally: &Tally, options: &Options) -> bool {
    println!(
        "{:<8} {:<18} {:>9} {:>9} {:>8} {:>8} {:>11} {:>8}  on purpose",
        "release", "configuration", "manifests", "documents", "same", "injected", "passed over", "refused"
    );
    for ((release, configuration), f) in &tally.by_configuration {
        println!(
            "{release:<8} {configuration:<18} {:>9} {:>9} {:>8} {:>8} {:>11} {:>8}  {:>10}",
            f.manifests, f.documents, f.same, f.injected, f.warned, f.refused, f.on_purpose
        );
    }
    for failure in &tally.failures {
        println!("\ndiffers: {}", failure.title);
        failure.differences.iter().take(MOST_DIFFERENCES).for_each(|d| println!("    {d}"));
        failure.broken.iter().for_each(|b| println!("    broken: {b}"));
        for line in failure.text.lines().take(MOST_LINES) {
            println!("  | {}", line.chars().take(LONGEST_LINE).collect::<String>());
        }
    }
    let covered = coverage(tally, options);
    println!("\nseed {}", tally.seed);
    let (mut all, mut enough) = (Figures::default(), true);
    for (release, figures) in tally.by_release() {
        println!(
            "files: {release} {}/{} same ({} manifests, {} documents injected, {} documents of manifests that differ on purpose)",
            figures.same, figures.documents, figures.manifests, figures.injected, figures.on_purpose
        );
        if figures.documents < options.min {
            println!(
                "too few: {} documents, where {} are wanted of each release",
                figures.documents, options.min
            );
            enough = false;
        }
        all.add(&figures);
    }
    println!("files: {}/{} same", all.same, all.documents);
    all.same == all.documents && all.documents > 0 && enough && covered
}

/// Whether all that must fire has fired.
fn coverage(tally: &Tally, options: &Options) -> bool {
    println!("\nby kind, by shape, and on purpose:");
    let shown =
        |name: &str| options.coverage || !(name.starts_with("annotation: ") || name.starts_with("label: "));
    let shown =
        |name: &str| shown(name) && SHOWN.iter().any(|kind| options.coverage || name.starts_with(kind));
    tally
        .coverage
        .rows()
        .filter(|(name, _)| shown(name))
        .for_each(|(name, count)| println!("  {count:>7}  {name}"));
    let gaps = tally.coverage.gaps();
    if !tally.complete || gaps.is_empty() {
        return true;
    }
    gaps.iter().for_each(|name| println!("  never fired: {name}"));
    false
}

/// The parts of the coverage table that every run prints.
const SHOWN: &[&str] = &[
    "kind: ",
    "style: ",
    "separator: ",
    "text: ",
    "shape: ",
    "wrong: ",
    "namespace: ",
    "refused: ",
    "passed over: ",
    "on purpose: ",
];
