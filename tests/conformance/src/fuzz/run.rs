//! The whole run: releases and configurations in turn, each with some pods, until there were enough. Every pod is made from
//! the seed and its number. Never: printing.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::json;

use super::configure::{self, Changed};
use super::donors::Donors;
use super::mutate;
use super::report;
use super::round::{self, Plain, Wrong};
use super::shrink::Shrinker;
use crate::configuration::{self, Configuration};
use crate::handmade::{self, Handmade};
use crate::injector::Injector;
use crate::options::{Options, Peer};
use crate::oracle::Oracle;
use crate::run::{Job, clock_seed};
use crate::tally::Tally;
use crate::{places, releases, replay, workers};
use pillion_chance::Rng;

/// Pods that are asked about at once.
const AT_ONCE: usize = 1000;
/// Of the visits to configurations, so many in a hundred change them.
const CHANGED_PERCENT: usize = 40;
/// Differences of one visit that are made small.
const SHRUNK: usize = 3;

/// A difference, and where to find it again.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Release and configuration.
    pub title: String,
    /// What of the configuration was changed; empty for nothing.
    pub changed: String,
    /// The pod and both answers.
    pub wrong: Wrong,
    /// Pods of the same visit that differ in the same way.
    pub times: usize,
    /// Where the pod was saved for `--replay`; nothing where the configuration was changed.
    pub saved: Option<PathBuf>,
}

/// What a run found.
#[derive(Debug, Default)]
pub struct Found {
    /// The seed.
    pub seed: u64,
    /// Figures, by release and configuration.
    pub tally: Tally,
    /// Differences, each kind of each visit once.
    pub findings: Vec<Finding>,
    /// Configurations that were changed and taken by both.
    pub taken: usize,
    /// Configurations that were changed and refused by both.
    pub refused: usize,
    /// Configurations that one takes and the other does not.
    pub disputed: Vec<String>,
}

/// One turn: a configuration and the numbers of its pods.
struct Visit<'r> {
    release: &'r str,
    oracle: &'r Oracle,
    configuration: &'r Configuration,
    first: usize,
    count: usize,
}

/// What all visits share.
struct Shared<'r> {
    newest: &'r Oracle,
    handmade: &'r [Handmade],
    seed: Rng,
    options: &'r Options,
    work: PathBuf,
}

/// Compares as many pods as the options say.
pub fn run(options: &Options) -> Result<Found> {
    let seed = options.seed.unwrap_or_else(clock_seed);
    let work = places::work(options.work.as_deref())?;
    let configurations = configuration::load(&options.config)?;
    let newest = Oracle::of("latest", &work)?;
    let handmade = handmade::load(&newest)?;
    let chosen = releases::choose(&options.release, options.third_by_seed, seed)?;
    let oracles = chosen.iter().map(|release| Oracle::of(release, &work)).collect::<Result<Vec<_>>>()?;
    let places: Vec<(&str, &Oracle, &Configuration)> = configurations
        .iter()
        .flat_map(|one| oracles.iter().map(move |oracle| (oracle.release(), oracle, one)))
        .filter(|(release, _, configuration)| configuration.applies(release))
        .collect();
    // Where there are few pods each visit has fewer, so that they go to many configurations.
    let count = options.fuzz.div_ceil(places.len().max(1)).clamp(1, AT_ONCE);
    let visits: Vec<Visit<'_>> = (0..options.fuzz.div_ceil(count))
        .map(|turn| {
            let (release, oracle, configuration) = places[turn % places.len()];
            Visit { release, oracle, configuration, first: turn * count, count }
        })
        .collect();
    let shared = Shared { newest: &newest, handmade: &handmade, seed: Rng::new(seed), options, work };
    let mut found = Found { seed, ..Found::default() };
    // A visit writes into its configuration's folder: those of one configuration come one after the other.
    for turn in visits.chunks(places.len()) {
        let visited = |visit: &Visit<'_>| {
            shared
                .visit(visit)
                .with_context(|| format!("Istio {}, {}", visit.release, visit.configuration.name))
        };
        workers::each(turn, options.jobs, visited, |part| {
            found.merge(part, options.show);
            report::progress(&found);
        })?;
    }
    Ok(found)
}

impl Shared<'_> {
    fn visit(&self, visit: &Visit<'_>) -> Result<Found> {
        let Visit { release, oracle, configuration, .. } = *visit;
        let rendered = self.work.join("rendered").join(release).join(&configuration.name);
        configuration.render(oracle, &rendered)?;
        let mut found = Found::default();
        let mut rng = self.seed.fork(&format!("visit {}", visit.first));
        let mut dir = rendered.clone();
        let (mut changed, mut named) = (None, configuration.clone());
        if rng.chance(CHANGED_PERCENT) {
            dir = self.work.join("fuzz").join(release).join(&configuration.name);
            changed = configure::change(&mut rng, &rendered, &dir)?;
            // Pillion tells the release by more than was left as it is.
            named.compat_named = true;
        }
        let mut plain = Plain::load(release, &named, &dir);
        if let Some(what) = &changed
            && !found.both_take(visit, what, plain.as_ref().err())?
        {
            (dir, changed, named) = (rendered, None, configuration.clone());
            plain = Plain::load(release, &named, &dir);
        }
        let plain = plain?;
        let injector: Option<&dyn Injector> =
            if self.options.peer == Peer::Istio { None } else { Some(&plain) };
        let place = (0, 1);
        let job =
            Job { release, oracle, newest: self.newest, configuration: &named, api_server: None, place, dir };
        self.pods(visit, &job, injector, changed.as_ref(), &mut found)?;
        Ok(found)
    }

    fn pods(
        &self,
        visit: &Visit<'_>,
        job: &Job<'_>,
        injector: Option<&dyn Injector>,
        changed: Option<&Changed>,
        found: &mut Found,
    ) -> Result<()> {
        let donors = Donors::new(self.handmade, visit.release, &visit.configuration.name, &self.seed);
        let paths = &visit.configuration.paths;
        let made = |number: usize| mutate::case(&self.seed, number, &donors, &paths[number % paths.len()]);
        let cases: Vec<_> = (visit.first..visit.first + visit.count).map(made).collect();
        let wrong = round::ask(job, injector, &cases, &mut found.tally)?;
        let mut kinds: BTreeSet<String> = BTreeSet::new();
        for wrong in wrong.into_iter().flatten() {
            if let Some(known) = found.findings.iter_mut().find(|known| known.is_like(&wrong)) {
                known.times += 1;
                continue;
            }
            // Made small, it may have lost the kind by which others would be known for the same.
            if wrong.kinds().iter().any(|kind| kinds.contains(kind)) {
                continue;
            }
            kinds.extend(wrong.kinds());
            let small = if found.findings.len() < SHRUNK {
                Shrinker::new(job, injector, &wrong).smallest(wrong)?
            } else {
                wrong
            };
            let saved = changed.is_none().then(|| self.save(job, &small)).transpose()?;
            let title = format!("Istio {}, {}", visit.release, visit.configuration.name);
            let changed = changed.map(|changed| changed.what.clone()).unwrap_or_default();
            found.findings.push(Finding { title, changed, wrong: small, times: 1, saved });
        }
        Ok(())
    }

    fn save(&self, job: &Job<'_>, wrong: &Wrong) -> Result<PathBuf> {
        replay::save_case(&self.work, job, &wrong.case)
    }
}

impl Finding {
    fn is_like(&self, wrong: &Wrong) -> bool {
        let kinds = self.wrong.kinds();
        wrong.kinds().iter().any(|kind| kinds.contains(kind))
    }
}

impl Found {
    /// Whether both take a configuration that was changed; counted either way.
    fn both_take(
        &mut self,
        visit: &Visit<'_>,
        changed: &Changed,
        ours: Option<&anyhow::Error>,
    ) -> Result<bool> {
        let question = json!({"part": changed.part, "text": changed.text});
        let istio = visit.oracle.load([question].into_iter())?.into_iter().next().flatten();
        match (&istio, ours) {
            (None, None) => {
                self.taken += 1;
                return Ok(true);
            }
            (Some(_), Some(_)) => self.refused += 1,
            (istio, ours) => {
                let shown = |said: Option<String>| said.unwrap_or_else(|| "(taken)".to_owned());
                self.disputed.push(format!(
                    "Istio {}, {}, {}\n      istio   {}\n      pillion {}",
                    visit.release,
                    visit.configuration.name,
                    changed.what,
                    shown((*istio).clone()),
                    shown(ours.map(|error| format!("{error:#}")))
                ));
            }
        }
        Ok(false)
    }

    fn merge(&mut self, other: Self, show: usize) {
        self.tally.merge(other.tally, show);
        for finding in other.findings {
            match self.findings.iter_mut().find(|known| known.is_like(&finding.wrong)) {
                Some(known) => known.times += finding.times,
                None => self.findings.push(finding),
            }
        }
        self.taken += other.taken;
        self.refused += other.refused;
        self.disputed.extend(other.disputed);
    }
}
