//! Many pods under one configuration: both are asked, Go judges, and what is excused everywhere is excused. Never: which
//! pods.

use std::path::Path;
use std::sync::Arc;

use ::pillion::Capacity;
use ::pillion::engine::{Engine, Preview};
use ::pillion::telemetry::Metrics;
use anyhow::Result;
use percent_encoding::percent_decode_str;
use pillion_core::config::Snapshot;

use crate::answer::{Answer, Verdict};
use crate::case::Case;
use crate::clusters;
use crate::compare::Difference;
use crate::configuration::Configuration;
use crate::injector::Injector;
use crate::judge::{self, Pair};
use crate::pillion;
use crate::run::{Job, ask_both, excused, hold_words, undecided};
use crate::tally::{Figures, Tally};

/// Pillion, asked once about each pod: what coverage and memories need is left to the other runs.
pub(super) struct Plain(Arc<Engine>);

impl Plain {
    /// Of what lies in `dir`; what is wrong with it, where Pillion does not take it.
    pub(super) fn load(release: &str, configuration: &Configuration, dir: &Path) -> Result<Self> {
        let cluster = clusters::read(dir)?;
        let snapshot: Snapshot = pillion::snapshot(release, configuration, dir, cluster, &|gates| {
            // The one row of the table where Istio, in every release, does what nobody wants.
            gates.overrides_survive = false;
        })?;
        let engine = Engine::with_memo(Arc::new(Metrics::new(&configuration.revision)), Capacity::Off);
        engine.replace(snapshot);
        Ok(Self(engine))
    }
}

impl Injector for Plain {
    fn admit(&self, path: &str, body: &[u8]) -> Answer {
        let path = path.split('?').next().unwrap_or_default();
        let path = percent_decode_str(path).decode_utf8_lossy();
        let (reply, _) = self.0.admit(&path, body, Preview::No);
        Answer { code: reply.status.as_u16(), body: reply.body, panicked: false, fired: vec![] }
    }
}

/// What is wrong with one answer.
#[derive(Clone, Debug)]
pub struct Wrong {
    /// The question, made small.
    pub case: Case,
    /// What Istio answered.
    pub istio: String,
    /// What Pillion answered.
    pub pillion: String,
    /// Where they differ.
    pub differences: Vec<Difference>,
    /// What must hold and does not.
    pub broken: Vec<String>,
}

impl Wrong {
    /// What kinds of difference it has: two findings with one kind in common are taken for one.
    #[must_use]
    pub fn kinds(&self) -> Vec<String> {
        let said = |text: &String| text.split(':').next().unwrap_or_default().to_owned();
        self.differences.iter().map(Difference::group).chain(self.broken.iter().map(said)).collect()
    }
}

/// Asks about every case; what is wrong with the answer to each.
pub(super) fn ask(
    job: &Job<'_>,
    injector: Option<&dyn Injector>,
    cases: &[Case],
    tally: &mut Tally,
) -> Result<Vec<Option<Wrong>>> {
    let (pairs, _) = ask_both(job, injector, cases, None)?;
    let judged = judge::judge(job.newest, &pairs)?;
    let undecided = undecided(job, &pairs, &judged)?;
    let mut figures = Figures::default();
    let mut found = vec![];
    for (at, (pair, judgement)) in pairs.iter().zip(judged).enumerate() {
        // What an old release takes for a field that it does not know, the newest one may not read.
        if undecided.contains(&at) || judgement.unreadable.is_some() {
            figures.undecided += 1;
            found.push(None);
            continue;
        }
        let mut judgement = excused(job, pair, judgement, tally);
        hold_words(job, pair, &mut judgement, &mut figures, tally);
        let same = judgement.same();
        if same && judgement.excused {
            figures.on_purpose += 1;
        } else {
            figures.total += 1;
            figures.same += usize::from(same);
            figures.count(pair.istio.verdict);
        }
        found.push((!same).then(|| Wrong {
            case: pair.case.clone(),
            istio: said(pair, true),
            pillion: said(pair, false),
            differences: judgement.differences,
            broken: judgement.broken,
        }));
    }
    let key = (job.release.to_owned(), job.configuration.name.clone());
    tally.by_configuration.entry(key).or_default().add(&figures);
    Ok(found)
}

fn said(pair: &Pair<'_>, istio: bool) -> String {
    let reading = if istio { &pair.istio } else { &pair.pillion };
    match reading.verdict {
        Verdict::Injected => format!("Injected by {}", reading.patch),
        verdict => format!("{verdict:?} {}", reading.message),
    }
}
