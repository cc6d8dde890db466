//! [`follow`]: which pods of the cluster have their sidecar, kept up to date while we hold a Lease: as gauges, and as Events
//! on workloads whose pods lack it. Pods are watched by their metadata; of pods that are alike one is read, when it is new
//! and when what decides has changed. What became of it says `inventory`, as for `pillion status`.
//!
//! | file | owns |
//! |---|---|
//! | `sighting` | what is read of a pod's metadata |
//! | `records` | which pods there are, and what became of them |
//! | `sources` | what decides about pods: webhook configurations and labels of namespaces, watched |
//!
//! Never: changing a pod or what made it; more calls to the API server in a second than `PACE` says.

mod records;
mod sighting;
mod sources;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use k8s_openapi::api::core::v1::Pod;
use kube::core::PartialObjectMeta;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, ResourceExt};
use pillion_govalue::Value;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::calls::{Asks, NewPod, calls_by, may_take};
use super::client::{CallError, answered, watch_reason};
use super::inventory::{self, PodSeen, State};
use super::lease::{self, Holder};
use super::owners;
use super::registration::Target;
use crate::clock::now;
use crate::engine::{Engine, owner_of};
use crate::notices::Notices;
use crate::report::Owner;
use crate::telemetry::{PodGauges, PodsCounted};
use records::{Errand, Judged, Records, Standing};
use sighting::{Eye, Injected};
use sources::Sources;

/// How often a pod is read at most, and how many at once.
const PACE: Duration = Duration::from_millis(100);
const AT_ONCE: usize = 4;
/// Cohorts that are settled without reading a pod, at one time.
const BATCH: usize = 500;
/// How often gauges are set, and workloads with missing sidecars that are told of each time: below what is written.
const TICK: Duration = Duration::from_secs(5);
const TOLD_A_TICK: usize = 2;
/// How long nothing is read after a reading failed.
const REST: Duration = Duration::from_secs(5);
/// How long a watch that failed is left alone: the library begins anew with its own pauses at each list that fails.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A watch that failed and has been quiet for longer than its next attempt can wait goes on unseen.
const QUIET: Duration = Duration::from_secs(90);

/// Of whom, and by whom.
#[derive(Clone)]
pub struct Plan {
    /// The cluster.
    pub client: Client,
    /// The Lease that is held meanwhile.
    pub holder: Holder,
    /// How API servers call us.
    pub target: Target,
    /// The configuration in use, and the gauges.
    pub engine: Arc<Engine>,
    /// The revision.
    pub revision: String,
    /// Whether Events tell of workloads.
    pub events: bool,
}

/// Counts pods whenever the Lease is ours, for ever.
pub async fn follow(plan: Plan) {
    let (tell, mut leader) = watch::channel(false);
    let mut tasks = JoinSet::new();
    tasks.spawn(lease::follow(plan.client.clone(), plan.holder.clone(), Arc::new(tell)));
    while becomes(&mut leader, true).await {
        tracing::info!(lease = plan.holder.name, "counting pods by what became of them");
        let _shown = Shown(&plan.engine.metrics().pods);
        tokio::select! {
            () = Box::pin(Census::new(plan.clone()).run()) => {}
            _ = becomes(&mut leader, false) => tracing::info!("another replica counts pods"),
        }
    }
}

/// Gauges that go when we count no more, also where this task is ended.
struct Shown<'g>(&'g PodGauges);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        self.0.hide();
    }
}

/// Waits until it is so; whether anybody can still say.
async fn becomes(leader: &mut watch::Receiver<bool>, held: bool) -> bool {
    leader.wait_for(|now| *now == held).await.is_ok()
}

/// A pod that was read, or why it was not.
type Reading = (Errand, Result<Option<Value<'static>>, CallError>);
type Pods = BoxStream<'static, Result<Event<PartialObjectMeta<Pod>>, watcher::Error>>;

struct Census {
    plan: Plan,
    eye: Eye,
    records: Records,
    sources: Sources,
    notices: Notices,
    /// They end with this.
    _tasks: JoinSet<()>,
    readings: JoinSet<Reading>,
    /// The generation of the configuration that pods are judged by.
    generation: u64,
    /// Whether the list of pods was complete once.
    complete: bool,
    /// When the watch of pods failed, and how often in a row.
    failed: Option<(Instant, u32)>,
    /// Until when nothing is read.
    resting: Option<Instant>,
    /// What went wrong last: it is logged when it changes.
    fault: Option<String>,
}

impl Census {
    fn new(plan: Plan) -> Self {
        let mut tasks = JoinSet::new();
        let sources = Sources::watch(&plan.client, &mut tasks);
        let metrics = plan.engine.metrics();
        let mut notices = Notices::off();
        if plan.events {
            let (open, receiver) = Notices::open(Arc::clone(metrics));
            let instance = plan.holder.replica.clone();
            tasks.spawn(owners::tell(plan.client.clone(), receiver, Arc::clone(metrics), instance));
            notices = open;
        }
        Self {
            eye: Eye::new(&plan.revision),
            plan,
            records: Records::new(),
            sources,
            notices,
            _tasks: tasks,
            readings: JoinSet::new(),
            generation: 0,
            complete: false,
            failed: None,
            resting: None,
            fault: None,
        }
    }

    /// Counts, for ever.
    async fn run(mut self) {
        // Before that nothing can be said of any pod.
        self.plan.engine.configured().await;
        if !self.sources.known().await {
            return;
        }
        self.generation = self.plan.engine.generation().map_or(0, |generation| generation.number);
        self.eye.look_for(&self.sources.configurations());
        let mut pods = self.watched();
        let (mut pace, mut ticks) = (interval(PACE), interval(TICK));
        for timer in [&mut pace, &mut ticks] {
            timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        loop {
            let (may_listen, may_read) = (self.may_listen(), self.may_read());
            tokio::select! {
                event = pods.next(), if may_listen => match event {
                    Some(event) => self.heard(event),
                    None => return,
                },
                changed = self.sources.changed() => match changed {
                    Some(namespaces) => {
                        self.records.look_again(|name| namespaces.concern(name));
                        if namespaces.are_all() && self.eye.look_for(&self.sources.configurations()) {
                            // Labels that nobody asked for were not kept.
                            pods = self.watched();
                        }
                    }
                    None => return,
                },
                Some(reading) = self.readings.join_next(), if !self.readings.is_empty() => self.read(reading),
                _ = pace.tick(), if may_read => self.look(),
                _ = ticks.tick() => self.tell(),
            }
        }
    }

    fn watched(&self) -> Pods {
        let api: Api<PartialObjectMeta<Pod>> = Api::all(self.plan.client.clone());
        let config = watcher::Config::default().fields(inventory::ALIVE).page_size(inventory::PAGE);
        watcher(api, config).default_backoff().boxed()
    }

    fn heard(&mut self, event: Result<Event<PartialObjectMeta<Pod>>, watcher::Error>) {
        let event = match event {
            Ok(event) => event,
            Err(error) => {
                let before = self.failed.filter(|(at, _)| at.elapsed() < QUIET);
                self.failed = Some((Instant::now(), before.map_or(0, |(_, times)| times + 1)));
                self.complain("watch pods", &watch_reason(&error));
                return;
            }
        };
        match event {
            Event::Init => {
                self.records.begin();
                return;
            }
            Event::InitApply(pod) | Event::Apply(pod) => self.records.seen(self.eye.see(&pod)),
            Event::InitDone => {
                self.records.finish();
                self.complete = true;
            }
            Event::Delete(pod) => self.records.gone(&pod.namespace().unwrap_or_default(), &pod.name_any()),
        }
        self.failed = None;
    }

    fn may_listen(&self) -> bool {
        self.failed.is_none_or(|(at, times)| {
            at.elapsed() >= PAUSE.saturating_mul(2_u32.saturating_pow(times)).min(LONGEST_PAUSE)
        })
    }

    fn may_read(&self) -> bool {
        let rested = self.resting.is_none_or(|until| until <= Instant::now());
        rested && self.readings.len() < AT_ONCE && self.records.is_any_due()
    }

    /// Looks at the next cohort. Of one that is nothing of ours by its labels no pod is read.
    fn look(&mut self) {
        for _ in 0..BATCH {
            let Some(errand) = self.records.next() else { return };
            if !self.concerns(&errand) {
                self.records.settle(errand.cohort, Standing::NotOurs);
            } else if let Some(name) = self.records.member(&errand) {
                let api: Api<Pod> = Api::namespaced(self.plan.client.clone(), &errand.namespace);
                self.readings.spawn(async move {
                    let pod = answered(api.get_opt(&name)).await;
                    (errand, pod.map(|pod| pod.and_then(inventory::as_value)))
                });
                return;
            }
        }
    }

    /// Whether pods may be ours: we are asked about them, or have injected them and nobody else is asked.
    fn concerns(&self, errand: &Errand) -> bool {
        let configurations = self.sources.configurations();
        let namespace = self.sources.labels(&errand.namespace);
        let target = &self.plan.target;
        let takes = |ours: bool| {
            may_take(&configurations, namespace.as_ref(), &errand.labels, |client| {
                target.is_called_by(client) == ours
            })
        };
        takes(true) || (errand.injected == Injected::Ours && !takes(false))
    }

    fn read(&mut self, reading: Result<Reading, JoinError>) {
        // A reading cannot panic, and nobody ends it.
        let Ok((errand, pod)) = reading else { return };
        match pod {
            Ok(Some(pod)) => {
                let standing = self.standing(&errand, &pod);
                self.records.settle(errand.cohort, standing);
            }
            // It went meanwhile, which the watch will tell; another one is like it, or none.
            Ok(None) => self.put_off(errand.cohort),
            Err(error) => {
                self.complain("read a pod", &error.reason);
                self.put_off(errand.cohort);
            }
        }
    }

    fn put_off(&mut self, cohort: u64) {
        self.records.put_off(cohort);
        self.resting = Some(Instant::now() + REST);
    }

    /// How it stands with pods like this one.
    fn standing(&self, errand: &Errand, pod: &Value<'static>) -> Standing {
        let sent = inventory::as_sent(pod);
        let configurations = self.sources.configurations();
        let new = NewPod::of(&errand.namespace, self.sources.labels(&errand.namespace), &sent.pod);
        let calls = calls_by(&configurations, &new, |_, client| self.plan.target.is_called_by(client));
        let others = calls.entries.iter().any(|entry| !entry.reaches_us && entry.asks != Asks::No);
        if calls.asks == Asks::No && (errand.injected != Injected::Ours || others) {
            return Standing::NotOurs;
        }
        let engine = &self.plan.engine;
        let Some(generation) = engine.generation() else { return Standing::New };
        let seen = engine.caught(|| inventory::judge(&sent, &calls, &generation.snapshot, now()));
        Standing::Judged(match seen {
            Some(seen) => judged(&seen, pod, errand),
            None => Judged { state: State::Unknown, reason: "internal", native: false, missing: None },
        })
    }

    /// Sets the gauges, and tells of workloads whose pods lack their sidecar.
    fn tell(&mut self) {
        let generation = self.plan.engine.generation().map_or(0, |generation| generation.number);
        if std::mem::replace(&mut self.generation, generation) != generation {
            self.records.look_again(|_| true);
        }
        let (fates, native) = self.records.counted();
        let waiting = self.records.waiting() + self.readings.len();
        let counted = PodsCounted {
            fates,
            native,
            waiting: i64::try_from(waiting).unwrap_or(i64::MAX),
            synced: self.is_in_sync().then(now),
        };
        if counted.synced.is_some() {
            self.fault = None;
        }
        self.plan.engine.metrics().pods.show(&counted);
        for _ in 0..TOLD_A_TICK {
            let Some((owner, missing)) = self.records.untold(Instant::now().into_std()) else { return };
            self.notices.missing(&owner, missing);
        }
    }

    /// Whether all pods are known, as far as the watches can say.
    fn is_in_sync(&self) -> bool {
        let quiet = self.failed.is_none_or(|(at, _)| at.elapsed() >= QUIET);
        self.complete && quiet && self.records.is_whole() && self.sources.are_in_sync(QUIET)
    }

    fn complain(&mut self, what: &str, error: &str) {
        if self.fault.as_deref() != Some(error) {
            tracing::warn!(error, "cannot {what}: tried again, what was known still holds");
            self.fault = Some(error.to_owned());
        }
    }
}

/// What became of pods, of which `pod` is one.
fn judged(seen: &PodSeen, pod: &Value<'static>, errand: &Errand) -> Judged {
    let owner = || owner_of(&errand.namespace, pod).or_else(|| itself(pod, &errand.namespace));
    Judged {
        state: seen.state,
        reason: seen.code,
        native: seen.native,
        missing: seen.gap.and_then(|gap| Some((gap, Arc::new(owner()?)))),
    }
}

/// A pod that nobody made, as what an Event is on.
fn itself(pod: &Value<'static>, namespace: &str) -> Option<Owner> {
    if pillion_core::inject::controller(pod).is_some() {
        return None;
    }
    let text = |key| pod.at(&["metadata", key]).and_then(Value::as_str).map(str::to_owned);
    Some(Owner {
        api_version: "v1".to_owned(),
        kind: "Pod".to_owned(),
        namespace: namespace.to_owned(),
        name: text("name")?,
        uid: text("uid")?,
    })
}

#[cfg(test)]
mod tests;
