//! Keeps the webhook configurations that call us right, mutating and validating ones: the authorities of our certificate in their caBundle, and rules
//! in those that were installed without, once pods may be sent here; and tells of take-overs that came undone. Every
//! replica does it; each applies only what is lacking in what it has just read, so that they do not fight.
//! Never: configurations of others (see [`Target`]).

mod desired;
mod kind;
mod reverted;
mod target;

pub use desired::{CHECK, Looked, MANAGER, ORIGINAL, Situation, TAKEN_BY, look};
pub use kind::{Configuration, Entry};
pub use reverted::{Takeover, takeover};
pub use target::{Target, host_of, is_served, slices_of, trusted};

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::{Patch, PatchParams};
use kube::runtime::watcher;
use kube::{Api, Client};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::client::answered;
use super::follow::{Table, Told, follow};
use crate::clock::{now, since_epoch};
use crate::lifecycle::Readiness;
use crate::telemetry::Metrics;
use crate::tls::{Registered, Trust};
use reverted::Teller;

/// How long the Service must have had an endpoint before pods are sent: whoever routes to it hears of it too.
const SETTLE: Duration = Duration::from_secs(2);
/// How often it is looked whether we have become ready.
const LOOK: Duration = Duration::from_millis(500);
/// Pauses after a failure grow from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(60);

/// What it works with.
pub struct Registration {
    /// The cluster.
    pub client: Client,
    /// How we are called.
    pub target: Target,
    /// The authorities that webhooks must hold.
    pub trust: watch::Receiver<Trust>,
    /// Told what they hold.
    pub registered: watch::Sender<Registered>,
    /// Where attempts are counted.
    pub metrics: Arc<Metrics>,
    /// Whether pods may be sent here.
    pub readiness: Arc<Readiness>,
    /// Who tells of it in Events.
    pub replica: String,
    /// Whether validating configurations are kept too: to see them is a right of its own.
    pub validating: bool,
    /// That nobody names the certificate's authority was told.
    pub told_of_no_authority: bool,
}

type Configurations<C> = Option<Arc<BTreeMap<String, C>>>;

/// What the watches have found; `None` until a list is complete.
#[derive(Clone, Default)]
struct Seen {
    mutating: Configurations<MutatingWebhookConfiguration>,
    validating: Configurations<ValidatingWebhookConfiguration>,
    endpoint_since: Option<Instant>,
}

/// Where the configurations of a kind are kept.
type Place<C> = fn(&mut Seen) -> &mut Configurations<C>;

/// What one look at all configurations comes to.
struct Pass {
    /// When to look again.
    again: Duration,
    /// What all entries that call us trust.
    registered: Registered,
}

/// Failures, by configuration: kinds have names of their own.
#[derive(Default)]
struct Troubles {
    mutating: BTreeMap<String, Trouble>,
    validating: BTreeMap<String, Trouble>,
}

/// Failures in a row of one configuration.
#[derive(Default)]
struct Trouble {
    failures: u32,
    told: String,
    again: Option<Instant>,
}

impl Registration {
    /// Keeps them right for ever.
    pub async fn run(mut self) {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (changed, mut changes) = watch::channel(0_u64);
        let mut watches = JoinSet::new();
        let (client, place): (_, Place<_>) = (self.client.clone(), |seen| &mut seen.mutating);
        watches.spawn(configurations(client, Arc::clone(&seen), changed.clone(), place));
        if self.validating {
            let (client, place): (_, Place<_>) = (self.client.clone(), |seen| &mut seen.validating);
            watches.spawn(configurations(client, Arc::clone(&seen), changed.clone(), place));
        }
        watches.spawn(endpoints(self.client.clone(), self.target.clone(), Arc::clone(&seen), changed));
        let mut troubles = Troubles::default();
        let mut teller = Teller::new(self.client.clone(), &self.replica);
        loop {
            let again = self.pass(&seen, &mut troubles, &mut teller).await;
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                changed = self.trust.changed() => if changed.is_err() { return },
                () = sleep(again) => {}
            }
        }
    }

    /// Looks at every configuration once. Says when to look again without news.
    async fn pass(&mut self, seen: &Mutex<Seen>, troubles: &mut Troubles, teller: &mut Teller) -> Duration {
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(mutating) = seen.mutating else { return LAST_PAUSE };
        let trust = self.trust.borrow_and_update().clone();
        let called =
            self.target.url.is_some() || seen.endpoint_since.is_some_and(|since| since.elapsed() >= SETTLE);
        let armed = called && self.readiness.ready();
        let situation = Situation { target: &self.target, trust: &trust, armed, now: now() };
        let mut pass = Pass { again: LAST_PAUSE, registered: Registered::Nowhere };
        for config in mutating.values() {
            teller.look(config, &self.target, &self.metrics).await;
        }
        self.keep(&mutating, &situation, &mut troubles.mutating, &mut pass).await;
        teller.retain(|name| mutating.contains_key(name), &self.metrics);
        // They fail open: neither a right to them that is lacking nor one that cannot be written may hold up a new
        // certificate, without which pods would be refused in the end.
        if let Some(validating) = seen.validating {
            let mut beside = Pass { again: pass.again, registered: Registered::Nowhere };
            self.keep(&validating, &situation, &mut troubles.validating, &mut beside).await;
            pass.again = beside.again;
        }
        let Pass { again, registered } = pass;
        self.complain_of_no_authority(&trust, &registered);
        self.registered.send_if_modified(|old| std::mem::replace(old, registered.clone()) != registered);
        again
    }

    /// Looks at the configurations of one kind.
    async fn keep<C: Configuration>(
        &self,
        configurations: &BTreeMap<String, C>,
        situation: &Situation<'_>,
        troubles: &mut BTreeMap<String, Trouble>,
        pass: &mut Pass,
    ) {
        for (name, config) in configurations {
            let looked = look(config, situation);
            if looked.unarmed > 0 {
                pass.again = pass.again.min(LOOK);
            }
            if let Some(held) = looked.registered {
                pass.registered = match &pass.registered {
                    Registered::With(others) => Registered::With(others.clone().shared_with(&held)),
                    _ => Registered::With(held),
                };
            }
            let Some(body) = looked.apply else {
                troubles.remove(name);
                continue;
            };
            let trouble = troubles.entry(name.clone()).or_default();
            if let Some(at) = trouble.again.filter(|at| *at > Instant::now()) {
                pass.again = pass.again.min(at.saturating_duration_since(Instant::now()));
                continue;
            }
            self.apply::<C>(name, &body, trouble, situation.armed).await;
            pass.again = pass.again.min(trouble.pause());
        }
        troubles.retain(|name, _| configurations.contains_key(name));
    }

    /// A certificate in use whose authority nobody names leaves every caBundle as it is: told once.
    fn complain_of_no_authority(&mut self, trust: &Trust, registered: &Registered) {
        let lacking =
            trust.is_empty() && *registered != Registered::Nowhere && self.readiness.has_certificate();
        if lacking && !self.told_of_no_authority {
            self.metrics.patch_failed(&self.target.service, NO_AUTHORITY);
            tracing::error!(
                "the certificate's authority is not known, so that no caBundle is written: name its file (--tls-ca)"
            );
        }
        self.told_of_no_authority = lacking;
    }

    async fn apply<C: Configuration>(&self, name: &str, body: &Value, trouble: &mut Trouble, armed: bool) {
        let api: Api<C> = Api::all(self.client.clone());
        self.metrics.patch_attempted(name);
        let (params, patch) = (PatchParams::apply(MANAGER).force(), Patch::Apply(body));
        match answered(api.patch(name, &params, &patch)).await {
            Ok(_) => {
                tracing::info!(configuration = name, armed, "webhook configuration brought up to date");
                *trouble = Trouble::default();
                // What was written comes back by the watch.
                trouble.again = Some(Instant::now() + LOOK);
            }
            Err(error) => {
                trouble.failures += 1;
                trouble.again = Some(Instant::now() + trouble.pause());
                self.metrics.patch_failed(name, if error.code == 404 { NOT_FOUND } else { UPDATE });
                if error.code == 409 {
                    tracing::debug!(configuration = name, %error, "changed by somebody else: looked at again");
                } else if error.reason != trouble.told {
                    tracing::error!(configuration = name, %error, "cannot write the webhook configuration: tried again");
                    trouble.told = error.reason;
                }
            }
        }
    }
}

/// Istio's reasons for a failed attempt.
const NO_AUTHORITY: &str = "load_ca_bundle_failure";
const NOT_FOUND: &str = "webhook_config_not_found";
const UPDATE: &str = "webhook_update_failure";

impl Trouble {
    /// How long to wait after the last failure; replicas that failed together do not come back together.
    fn pause(&self) -> Duration {
        let doubled = FIRST_PAUSE.saturating_mul(1 << self.failures.min(10));
        let scattered = doubled.mul_f64(0.75 + f64::from(now_nanos() % 1000) / 2000.0);
        scattered.min(LAST_PAUSE)
    }
}

/// Something that differs between replicas.
fn now_nanos() -> u32 {
    since_epoch().subsec_nanos()
}

async fn configurations<C: Configuration>(
    client: Client,
    seen: Arc<Mutex<Seen>>,
    changed: watch::Sender<u64>,
    place: Place<C>,
) {
    let stream = watcher(Api::<C>::all(client), watcher::Config::default());
    follow(
        C::WHAT,
        stream,
        |config| config,
        |told| {
            if let Told::Objects(table) = told {
                let lasting = table.values().filter(|config| !config.labels().contains_key(CHECK));
                let all = lasting.map(|config| (config.name_any(), config.clone())).collect();
                *place(&mut seen.lock().unwrap_or_else(PoisonError::into_inner)) = Some(Arc::new(all));
                changed.send_modify(|version| *version += 1);
            }
        },
    )
    .await;
}

/// Whether our Service has an endpoint that is ready.
async fn endpoints(client: Client, target: Target, seen: Arc<Mutex<Seen>>, changed: watch::Sender<u64>) {
    let api: Api<EndpointSlice> = Api::namespaced(client, &target.namespace);
    let ours = watcher::Config::default().labels(&slices_of(&target.service));
    let read = |slice: EndpointSlice| is_served(&slice);
    follow("endpoints of our Service", watcher(api, ours), read, |told| {
        if let Told::Objects(table) = told {
            let ready = Table::values(table).any(|ready| *ready);
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.endpoint_since = ready.then(|| seen.endpoint_since.unwrap_or_else(Instant::now));
            drop(seen);
            changed.send_modify(|version| *version += 1);
        }
    })
    .await;
}
