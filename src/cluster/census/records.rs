//! [`Records`]: which pods there are, and what became of them. Pods that are alike are one cohort, which is looked at once;
//! of each pod its name is kept, and which cohort it is in. Pure. Never: more of a pod than that; more pods than are meant.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use foldhash::quality::RandomState;

use super::sighting::{Injected, Sighting};
use crate::cluster::injectors::Labels;
use crate::cluster::inventory::State;
use crate::report::{Gap, Missing, Owner};

/// Most pods that are known: more than a Kubernetes cluster holds.
const MOST: usize = 200_000;
/// How long after an Event another tells the same: API servers forget them in an hour.
const AGAIN: Duration = Duration::from_hours(1);

type Pods = HashMap<Box<str>, Known, RandomState>;

/// A pod.
#[derive(Clone, Copy, Debug)]
struct Known {
    cohort: u64,
    /// The list that it was seen in last, or behind which it came.
    round: u32,
}

/// Pods that are alike: of one maker, with the same labels and the same annotations that bear on injection.
#[derive(Debug)]
struct Cohort {
    namespace: Box<str>,
    labels: Box<[(Box<str>, Box<str>)]>,
    injected: Injected,
    pods: u32,
    standing: Standing,
    /// Its place among those that have to be looked at.
    turn: Option<u64>,
    told: Option<Instant>,
}

/// What is known of a cohort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing yet.
    New,
    /// It is nothing of ours.
    NotOurs,
    /// What became of its pods.
    Judged(Judged),
}

/// What became of the pods of a cohort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Judged {
    pub(super) state: State,
    /// A reason's code.
    pub(super) reason: &'static str,
    pub(super) native: bool,
    /// Why the sidecar is missing, and whom an Event tells of it.
    pub(super) missing: Option<(Gap, Arc<Owner>)>,
}

/// A cohort that has to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Errand {
    pub(super) cohort: u64,
    pub(super) namespace: String,
    /// Its labels, of those that selectors ask for.
    pub(super) labels: Labels,
    pub(super) injected: Injected,
}

/// What there is.
#[derive(Debug)]
pub(super) struct Records {
    namespaces: HashMap<Box<str>, Pods, RandomState>,
    cohorts: HashMap<u64, Cohort, RandomState>,
    /// Cohorts that have to be looked at, in turn.
    due: BTreeMap<u64, u64>,
    turns: u64,
    round: u32,
    pods: usize,
    most: usize,
    /// Pods were left out, for there are too many.
    left_out: bool,
}

impl Records {
    pub(super) fn new() -> Self {
        Self::of_at_most(MOST)
    }

    fn of_at_most(most: usize) -> Self {
        Self {
            namespaces: HashMap::default(),
            cohorts: HashMap::default(),
            due: BTreeMap::new(),
            turns: 0,
            round: 0,
            pods: 0,
            most,
            left_out: false,
        }
    }

    /// A list of all pods begins. What is known stays until it is complete.
    pub(super) fn begin(&mut self) {
        self.round = self.round.wrapping_add(1);
        self.left_out = false;
    }

    /// The list is complete: what is not in it is gone.
    pub(super) fn finish(&mut self) {
        let round = self.round;
        let mut gone = Vec::new();
        for pods in self.namespaces.values_mut() {
            pods.retain(|_, known| {
                let stays = known.round == round;
                if !stays {
                    gone.push(known.cohort);
                }
                stays
            });
            pods.shrink_to_fit();
        }
        self.namespaces.retain(|_, pods| !pods.is_empty());
        self.pods -= gone.len();
        gone.into_iter().for_each(|cohort| self.leave(cohort));
        self.cohorts.shrink_to_fit();
    }

    /// A pod was seen.
    pub(super) fn seen(&mut self, pod: Sighting) {
        let known = Known { cohort: pod.print, round: self.round };
        let there = self.namespaces.get_mut(&*pod.namespace).and_then(|pods| pods.get_mut(&*pod.name));
        if let Some(there) = there {
            let before = std::mem::replace(there, known);
            if before.cohort != pod.print {
                self.join(pod);
                self.leave(before.cohort);
            }
            return;
        }
        if self.pods >= self.most {
            if !self.left_out {
                tracing::warn!(most = self.most, "there are more pods than are counted");
            }
            self.left_out = true;
            return;
        }
        self.pods += 1;
        let name = pod.name.clone();
        match self.namespaces.get_mut(&*pod.namespace) {
            Some(pods) => {
                pods.insert(name, known);
            }
            None => {
                let pods: Pods = std::iter::once((name, known)).collect();
                self.namespaces.insert(pod.namespace.clone(), pods);
            }
        }
        self.join(pod);
    }

    /// A pod is gone.
    pub(super) fn gone(&mut self, namespace: &str, name: &str) {
        let Some(pods) = self.namespaces.get_mut(namespace) else { return };
        let Some(known) = pods.remove(name) else { return };
        if pods.is_empty() {
            self.namespaces.remove(namespace);
        }
        self.pods -= 1;
        self.leave(known.cohort);
    }

    fn join(&mut self, pod: Sighting) {
        if let Some(cohort) = self.cohorts.get_mut(&pod.print) {
            cohort.pods += 1;
            return;
        }
        let Sighting { namespace, labels, injected, print, .. } = pod;
        let (standing, turn) = (Standing::New, None);
        let cohort = Cohort { namespace, labels, injected, pods: 1, standing, turn, told: None };
        self.cohorts.insert(print, cohort);
        self.put_off(print);
    }

    fn leave(&mut self, print: u64) {
        let Some(cohort) = self.cohorts.get_mut(&print) else { return };
        cohort.pods = cohort.pods.saturating_sub(1);
        if cohort.pods == 0
            && let Some(cohort) = self.cohorts.remove(&print)
            && let Some(turn) = cohort.turn
        {
            self.due.remove(&turn);
        }
    }

    /// It has to be looked at, after all others that have to be.
    pub(super) fn put_off(&mut self, print: u64) {
        let Some(cohort) = self.cohorts.get_mut(&print).filter(|cohort| cohort.turn.is_none()) else {
            return;
        };
        self.turns += 1;
        cohort.turn = Some(self.turns);
        self.due.insert(self.turns, print);
    }

    /// All of them have to be looked at again, or those of which this holds by their namespace. What is known of them
    /// stays until then.
    pub(super) fn look_again(&mut self, which: impl Fn(&str) -> bool) {
        let again = self.cohorts.iter().filter(|(_, cohort)| which(&cohort.namespace));
        let again: Vec<u64> = again.map(|(print, _)| *print).collect();
        again.into_iter().for_each(|print| self.put_off(print));
    }

    /// The cohort whose turn it is.
    pub(super) fn next(&mut self) -> Option<Errand> {
        let (_, print) = self.due.pop_first()?;
        let cohort = self.cohorts.get_mut(&print)?;
        cohort.turn = None;
        Some(Errand {
            cohort: print,
            namespace: cohort.namespace.to_string(),
            labels: cohort.labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect(),
            injected: cohort.injected,
        })
    }

    /// Whether one has to be looked at.
    pub(super) fn is_any_due(&self) -> bool {
        !self.due.is_empty()
    }

    /// The name of one of its pods.
    pub(super) fn member(&self, errand: &Errand) -> Option<String> {
        let pods = self.namespaces.get(&*errand.namespace)?;
        pods.iter().find(|(_, known)| known.cohort == errand.cohort).map(|(name, _)| name.to_string())
    }

    /// This is how it stands with a cohort.
    pub(super) fn settle(&mut self, print: u64, standing: Standing) {
        let Some(cohort) = self.cohorts.get_mut(&print) else { return };
        if !matches!(&standing, Standing::Judged(judged) if judged.missing.is_some()) {
            cohort.told = None;
        }
        cohort.standing = standing;
    }

    /// How many pods there are, by state and reason; and how many of them have a native sidecar.
    pub(super) fn counted(&self) -> (BTreeMap<(&'static str, &'static str), i64>, i64) {
        let (mut fates, mut native) = (BTreeMap::new(), 0);
        for cohort in self.cohorts.values() {
            let Standing::Judged(judged) = &cohort.standing else { continue };
            *fates.entry((judged.state.name(), judged.reason)).or_default() += i64::from(cohort.pods);
            native += if judged.native { i64::from(cohort.pods) } else { 0 };
        }
        (fates, native)
    }

    /// How many cohorts have to be looked at.
    pub(super) fn waiting(&self) -> usize {
        self.due.len()
    }

    /// Whether there was room for every pod.
    pub(super) const fn is_whole(&self) -> bool {
        !self.left_out
    }

    /// A workload with missing sidecars that nobody was told of, or not for long. It counts as told from now on.
    pub(super) fn untold(&mut self, now: Instant) -> Option<(Arc<Owner>, Missing)> {
        let is_due = |told: Option<Instant>| told.is_none_or(|at| now.saturating_duration_since(at) >= AGAIN);
        self.cohorts.values_mut().filter(|cohort| is_due(cohort.told)).find_map(|cohort| {
            let Standing::Judged(Judged { missing: Some((gap, owner)), .. }) = &cohort.standing else {
                return None;
            };
            cohort.told = Some(now);
            Some((Arc::clone(owner), Missing { gap: *gap, pods: cohort.pods }))
        })
    }
}

#[cfg(test)]
mod tests;
