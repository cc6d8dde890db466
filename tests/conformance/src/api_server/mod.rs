//! [`ApiServer`]: a real Kubernetes API server as a further judge. What both injectors made of a pod is created there
//! with dry run, and so is the pod as it was before: it must be taken or refused alike, and stored alike.
//!
//! `world` makes what pods refer to, `post` asks, `outcome` reads answers, `verdict` holds them against each
//! other, `tally` adds up and prints. Never reaches a cluster that it did not start.

mod outcome;
mod post;
pub mod tally;
mod verdict;
mod world;

use std::time::Instant;

use anyhow::Result;
use pillion_control_plane::{ControlPlane, binaries};
use serde_json::Value;

use crate::answer::Verdict;
use crate::judge::{Judgement, Pair};
use crate::run::Job;
use post::{Cache, Question};
use tally::Tally;
use world::World;

/// A running API server, and what was made in it.
#[derive(Debug)]
pub struct ApiServer {
    plane: ControlPlane,
    world: World,
    originals: Cache,
}

impl ApiServer {
    /// Builds it if it is not yet, and starts it.
    pub fn start() -> Result<Self> {
        let plane = ControlPlane::start(&binaries()?, &[])?;
        Ok(Self { plane, world: World::default(), originals: Cache::default() })
    }

    /// Asks it about every pod that both injected, but those in `skip`. What is wrong is added to the judgements.
    pub fn hold(
        &self,
        job: &Job<'_>,
        pairs: &[Pair<'_>],
        judged: &mut [Judgement],
        skip: &[usize],
        tally: &mut Tally,
    ) -> Result<()> {
        let client = self.plane.client();
        let mut places = vec![];
        let mut questions = vec![];
        for (at, pair) in pairs.iter().enumerate() {
            let injected = |verdict| verdict == Verdict::Injected;
            if skip.contains(&at) || !injected(pair.istio.verdict) || !injected(pair.pillion.verdict) {
                continue;
            }
            // A patch that does not apply is told of by the judge.
            let Some(ours) = pillions(pair, &judged[at].injected) else { continue };
            places.push(at);
            questions
                .push([pair.case.pod(), &judged[at].injected, &ours].map(|pod| Question::of(pair.case, pod)));
        }
        self.world.prepare(client, questions.iter().flatten())?;
        let started = Instant::now();
        let answered = post::all(client, &questions, &self.originals)?;
        tally.seconds += started.elapsed().as_secs_f64();
        tally.creates += answered.creates;
        for (at, outcomes) in places.into_iter().zip(&answered.outcomes) {
            let complaints = verdict::judge(job, &pairs[at], outcomes, tally);
            judged[at].broken.extend(complaints);
        }
        Ok(())
    }
}

/// The pod after Pillion's patch.
fn pillions(pair: &Pair<'_>, istios: &Value) -> Option<Value> {
    if pair.typed {
        // Istio held against itself: its patch is made from the pod as Go writes it.
        return Some(istios.clone());
    }
    let mut pod = pair.case.pod().clone();
    let patch: json_patch::Patch = serde_json::from_value(pair.pillion.patch.clone()).ok()?;
    json_patch::patch(&mut pod, &patch).ok()?;
    Some(pod)
}
