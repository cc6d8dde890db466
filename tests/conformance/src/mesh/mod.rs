//! Mesh configurations and ProxyConfig resources, field by field: questions generated out of the table of types, asked
//! of Istio's own code and of Pillion, and the effective `MeshConfig` and `ProxyConfig` compared.
//!
//! `fields` lists what there is, `values` what may stand there, `tree` writes it, `resources` makes ProxyConfigs,
//! `generate` puts questions together, `ours` answers them, `judge` compares, `report` prints. Never injects a pod.

pub mod fields;
pub mod generate;
pub mod judge;
pub mod ours;
pub mod question;
pub mod report;
pub mod resources;
pub mod tree;
pub mod values;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use pillion_core::config::{Level, Release};

use crate::compare::Difference;
use crate::coverage::Coverage;
use crate::options::Options;
use crate::oracle::Oracle;
use crate::{places, releases, run, workers};

use generate::Generator;
use question::{Answer, Question};

pub use report::print;

/// What was found of one release.
#[derive(Debug, Default)]
struct Found {
    total: usize,
    same: usize,
    /// Questions of which a source was refused by both.
    refused: usize,
    /// Questions that Istio's code died of, and the first of its last words.
    died: (usize, String),
    groups: BTreeMap<String, usize>,
    failures: Vec<Failure>,
    coverage: Coverage,
    /// Why what should have been compared was not: the last refusal.
    refusals: BTreeMap<String, String>,
}

/// A question whose answers differ.
#[derive(Debug)]
struct Failure {
    saved: PathBuf,
    differences: Vec<Difference>,
}

/// What a run found.
#[derive(Debug, Default)]
pub struct Outcome {
    seed: u64,
    releases: BTreeMap<String, Found>,
}

/// Asks every release that the options name.
pub fn run(options: &Options) -> Result<Outcome> {
    let seed = options.seed.unwrap_or_else(run::clock_seed);
    let work = places::work(options.work.as_deref())?;
    let generator = Generator::new(seed);
    let questions = match &options.question {
        Some(file) => vec![serde_json::from_str(&std::fs::read_to_string(file)?)?],
        None => generator.questions(options.questions),
    };
    let expected = if options.question.is_some() { vec![] } else { generator.expectations() };
    let chosen = releases::choose(&options.release, options.third_by_seed, seed)?;
    let mut releases = BTreeMap::new();
    let work_off = |release: &String| {
        let one = compare(release, &questions, &expected, options, &work);
        Ok((release.clone(), one.with_context(|| format!("Istio {release}"))?))
    };
    workers::each(&chosen, options.jobs, work_off, |(release, one)| drop(releases.insert(release, one)))?;
    Ok(Outcome { seed, releases })
}

fn compare(
    release: &str,
    questions: &[Question],
    expected: &[String],
    options: &Options,
    work: &Path,
) -> Result<Found> {
    let oracle = Oracle::of(release, work)?;
    let asked = questions.iter().map(|q| serde_json::to_value(q).unwrap_or_default());
    let answers: Vec<Answer> = oracle.mesh(asked)?;
    let level: Level = release.parse().unwrap_or_else(|_| Release::Master.into());
    let mut found = Found::default();
    expected.iter().for_each(|name| found.coverage.expect(name));
    for (number, (question, istio)) in questions.iter().zip(answers).enumerate() {
        if !istio.err.is_empty() {
            found.died.0 += 1;
            if found.died.1.is_empty() {
                let saved = save(work, release, number, question)?;
                found.died.1 = format!("{} (of {})", istio.err, saved.display());
            }
            continue;
        }
        let judgement = judge::judge(question, &istio, &ours::answer(question, level)?);
        found.total += 1;
        found.refused += usize::from(!judgement.sources);
        if judgement.sources {
            question.in_sources.iter().for_each(|name| found.coverage.fire(name));
        } else {
            let why = istio.refused.values().next().cloned().unwrap_or_default();
            let names = question.in_sources.iter().map(|name| (name.clone(), why.clone()));
            found.refusals.extend(names);
        }
        if judgement.annotation {
            question.in_annotation.iter().for_each(|name| found.coverage.fire(name));
        }
        if judgement.differences.is_empty() {
            found.same += 1;
            continue;
        }
        for difference in &judgement.differences {
            *found.groups.entry(difference.group()).or_default() += 1;
        }
        if found.failures.len() < options.show {
            let saved = save(work, release, number, question)?;
            found.failures.push(Failure { saved, differences: judgement.differences });
        }
    }
    Ok(found)
}

/// Keeps a question for `--question`.
fn save(work: &Path, release: &str, number: usize, question: &Question) -> Result<PathBuf> {
    let dir = work.join("mesh");
    std::fs::create_dir_all(&dir)?;
    let file = dir.join(format!("{release}-{number}.json"));
    std::fs::write(&file, serde_json::to_string(question)?)?;
    Ok(file)
}
