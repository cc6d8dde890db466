//! A run over manifests: every release and configuration is asked (`question`) and what differs asked again
//! (`excuse`); the figures are added up.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use pillion_core::config::Cluster;

use super::ask::Answer;
use super::excuse::{Excuse, excuses};
use super::generate;
use super::manifest::{self, Manifest};
use super::question::{Asked, Found};
use super::report::{Failure, Tally};
use super::rows::TABLE;
use crate::configuration::{self, Configuration};
use crate::options::Options;
use crate::oracle::Oracle;
use crate::{pillion, places, releases, run, workers};
use pillion_chance::Rng;

/// The configurations under which manifests are compared, unless others are named: what surrounds a pod's template
/// matters here, the templates themselves less.
const CONFIGURATIONS: &[&str] = &[
    "default",
    "cni",
    "native",
    "hold",
    "templates",
    "revision",
    "selectors",
    "policy-disabled",
    "policy-other",
    "old-environment",
    "openshift",
    "proxyconfigs",
    "mesh",
    "no-probes",
];

/// One release and configuration.
pub(super) struct Job<'r> {
    pub(super) release: &'r str,
    pub(super) oracle: &'r Oracle,
    pub(super) configuration: &'r Configuration,
    /// The configuration's place among those of the run, and how many there are.
    place: (usize, usize),
    pub(super) dir: PathBuf,
}

impl Job<'_> {
    /// Under the first configuration, and where a manifest asks for it, every hand-written one is asked; among the others
    /// they are dealt out, differently by each seed.
    fn turn(&self, at: usize, manifest: &Manifest, seed: u64) -> bool {
        let (place, places) = self.place;
        let turn = usize::try_from(seed % places as u64).unwrap_or_default();
        place == 0 || !manifest.configs.is_empty() || (at + turn) % places == place
    }
}

/// Compares everything that the options name.
pub fn run(options: &Options) -> Result<Tally> {
    let seed = options.seed.unwrap_or_else(run::clock_seed);
    let work = places::work(options.work.as_deref())?;
    let named: Vec<String> = match options.config.as_slice() {
        [] => CONFIGURATIONS.iter().map(|name| (*name).to_owned()).collect(),
        named => named.to_vec(),
    };
    let configurations = configuration::load(&named)?;
    let chosen = releases::choose(&options.release, options.third_by_seed, seed)?;
    let oracles: BTreeMap<_, _> = chosen
        .iter()
        .map(|release| Ok((release.as_str(), Oracle::of(release, &work)?)))
        .collect::<Result<_>>()?;
    let handmade = if options.only_random { vec![] } else { manifest::handmade()? };
    let mut jobs = vec![];
    for (release, oracle) in &oracles {
        let mut applying: Vec<_> = configurations.iter().filter(|c| c.applies(release)).collect();
        applying.sort_by_key(|c| c.name != CONFIGURATIONS[0]);
        for (at, configuration) in applying.iter().enumerate() {
            let dir = work.join("rendered").join(release).join(&configuration.name);
            jobs.push(Job { release, oracle, configuration, place: (at, applying.len()), dir });
        }
    }
    let whole = ["1.20.1", "latest"].iter().all(|release| oracles.contains_key(release));
    let complete = whole && options.config.is_empty() && !options.only_random && options.pods > 0;
    let mut tally = Tally { seed, complete, ..Tally::default() };
    generate::expectations().into_iter().for_each(|name| tally.coverage.expect(name));
    handmade.iter().flat_map(|one| one.covers.iter().cloned()).for_each(|name| tally.coverage.expect(name));
    TABLE.iter().for_each(|row| tally.coverage.expect(format!("on purpose: {}", row.name)));
    let work_off = |job: &Job<'_>| {
        compare(job, &handmade, seed, options)
            .with_context(|| format!("Istio {}, {}", job.release, job.configuration.name))
    };
    workers::each(&jobs, options.jobs, work_off, |found| tally.merge(found, options.show))?;
    Ok(tally)
}

fn compare(job: &Job<'_>, handmade: &[Manifest], seed: u64, options: &Options) -> Result<Tally> {
    job.configuration.render(job.oracle, &job.dir)?;
    let snapshot = pillion::snapshot(job.release, job.configuration, &job.dir, Cluster::default(), &|_| {})?;
    let chance = Rng::new(seed).fork("manifests").fork(&job.configuration.name);
    let sweep = if options.only_random { vec![] } else { generate::sweep(&Rng::new(seed)) };
    let manifests: Vec<Manifest> = handmade
        .iter()
        .chain(&sweep)
        .enumerate()
        .filter(|(at, one)| one.applies(job.release, &job.configuration.name) && job.turn(*at, one, seed))
        .map(|(_, one)| one.clone())
        .chain((0..options.pods).map(|number| generate::manifest(&chance, number)))
        .collect();
    let asked = Asked::new(job, &snapshot, manifests)?;
    let mut tally = Tally::default();
    let differing = asked.differing();
    let excuses = excuses(job, &snapshot, &asked, &differing)?;
    for (at, manifest) in asked.manifests.iter().enumerate() {
        let found = &asked.found[at];
        let excuse = differing.iter().position(|index| *index == at).map(|place| &excuses[place]);
        let outcome = Outcome {
            title: format!("Istio {}, {}, {}", job.release, job.configuration.name, manifest.name),
            manifest,
            documents: generate::count(&asked.documents[at]).max(1),
            found,
            excuse,
            istio: &asked.istio[at],
            pillion: &asked.pillion[at],
        };
        outcome.count((job.release, &job.configuration.name), options.show, &mut tally);
    }
    Ok(tally)
}

/// What came of one manifest.
struct Outcome<'a> {
    title: String,
    manifest: &'a Manifest,
    documents: usize,
    found: &'a Found,
    excuse: Option<&'a Excuse>,
    istio: &'a Answer,
    pillion: &'a Answer,
}

impl Outcome<'_> {
    fn count(&self, (release, configuration): (&str, &str), show: usize, tally: &mut Tally) {
        let figures =
            tally.by_configuration.entry((release.to_owned(), configuration.to_owned())).or_default();
        let left = self.excuse.map_or(&[][..], |excuse| &excuse.left);
        let same = left.is_empty() && self.found.broken.is_empty();
        figures.manifests += 1;
        figures.documents += self.documents;
        figures.refused += usize::from(self.istio.error.is_some());
        figures.injected += self.pillion.injected.iter().filter(|injected| **injected).count();
        figures.warned += self.istio.skips.len();
        figures.same += if same { self.documents } else { 0 };
        self.manifest.covers.iter().for_each(|name| tally.coverage.fire(name));
        if let Some(cause) = self.istio.cause {
            tally.coverage.fire(&format!("refused: {cause:?}"));
        }
        self.istio.skips.iter().for_each(|why| tally.coverage.fire(&format!("passed over: {why}")));
        if same {
            let excuse = self.excuse.filter(|_| !self.found.differences.is_empty());
            figures.on_purpose += if excuse.is_some() { self.documents } else { 0 };
            for row in excuse.into_iter().flat_map(|excuse| &excuse.rows) {
                tally.coverage.fire(&format!("on purpose: {row}"));
            }
        } else if tally.failures.len() < show {
            tally.failures.push(Failure {
                title: self.title.clone(),
                text: self.manifest.text.clone(),
                differences: left.to_vec(),
                broken: self.found.broken.clone(),
            });
        }
    }
}
