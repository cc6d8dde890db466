//! The tasks that `serve` runs beside its listeners: the configuration, the certificate, the cluster, recording. Each goes
//! on by itself; what is ready when says [`Readiness`]. And what the listeners serve. Never: the listeners themselves,
//! and what the tasks do.

use std::net::IpAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use kube::Client;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::cluster::{Certificates, replica};
use super::plan::Plan;
use crate::cluster::registration::Registration;
use crate::cluster::watches::Needs;
use crate::cluster::{census, events, identity, owners};
use crate::engine::Engine;
use crate::http::debug::{self, Shown};
use crate::http::{admin, admit, validate};
use crate::lifecycle::{Part, Readiness};
use crate::notices::Notices;
use crate::record::{Recorder, Store};
use crate::source::configmap::Found;
use crate::source::reload::Reloader;
use crate::source::{Origin, Status};
use crate::tls::{self, Clients, Desk, Keeper, Registered, Resolver, Trust};
use crate::trial::configmap::Judge;
use crate::watch::Watch;

/// What the tasks share.
pub(super) struct Shared {
    pub(super) engine: Arc<Engine>,
    pub(super) readiness: Arc<Readiness>,
    pub(super) status: Arc<Status>,
    pub(super) resolver: Arc<Resolver>,
    /// The authorities that webhooks must hold.
    pub(super) trust: watch::Sender<Trust>,
    /// Why the certificate found last is not in use.
    pub(super) certificate_fault: watch::Sender<Option<String>>,
    /// Who looks at ConfigMaps that are applied, where the configuration is in ConfigMaps.
    pub(super) judge: Option<Arc<Judge>>,
    pub(super) tasks: JoinSet<()>,
}

/// What each listener serves.
pub(super) struct Routers {
    pub(super) webhook: Router,
    pub(super) public: Router,
    pub(super) private: Router,
}

impl Shared {
    /// Starts to follow the configuration. One out of files must be good at the start; one in a cluster may come late.
    pub(super) fn configuration(&mut self, plan: &Plan, client: Option<&Client>) -> Result<()> {
        let (engine, readiness) = (Arc::clone(&self.engine), Arc::clone(&self.readiness));
        self.tasks.spawn(async move {
            engine.configured().await;
            readiness.is_there(Part::Config);
        });
        let origin = plan.origin.clone();
        let in_cluster = matches!(origin, Origin::ConfigMaps(_) | Origin::EmbeddedWith(_));
        let found = client.filter(|_| in_cluster).map(|client| {
            let needs = Needs::of(&origin, &plan.settings);
            let found = Arc::new(Found::new(needs.awaited()));
            needs.watch(client, &found, &mut self.tasks);
            found
        });
        // Watching begins before the first look, so that no change falls between.
        let changes = found.as_ref().map(|found| found.changes());
        let directories = origin.directories();
        let listed = origin.clone();
        let files = (!directories.is_empty()).then(|| Watch::over(move || listed.directories()));
        if let Origin::ConfigMaps(names) = &origin {
            let current = origin.reader(found.clone());
            self.judge = Some(Arc::new(Judge::new(names.clone(), plan.settings.clone(), current)));
        }
        let read = origin.reader(found);
        let (engine, status) = (Arc::clone(&self.engine), Arc::clone(&self.status));
        let mut reloader = Reloader::new(read, plan.settings.clone(), engine, status);
        match (changes, files) {
            (Some(changes), _) => {
                reloader.look();
                self.tasks.spawn(reloader.follow(changes));
            }
            (None, Some(files)) => {
                reloader.begin().context("configuration")?;
                self.tasks.spawn(reloader.follow(files));
            }
            (None, None) => reloader.begin().context("configuration")?,
        }
        if let Some(client) = client.filter(|_| in_cluster) {
            let status = Arc::clone(&self.status);
            self.tasks.spawn(events::tell_of_faults(client.clone(), origin, status, replica()));
        }
        Ok(())
    }

    /// Starts to write Events about pods. Gives the way to there.
    pub(super) fn events(&mut self, plan: &Plan, client: Option<&Client>) -> Notices {
        let Some(client) = client.filter(|_| plan.events) else { return Notices::off() };
        let metrics = self.engine.metrics();
        let (notices, receiver) = Notices::open(Arc::clone(metrics));
        self.tasks.spawn(owners::tell(client.clone(), receiver, Arc::clone(metrics), replica()));
        notices
    }

    /// What the listeners serve; what that needs beside them is started.
    pub(super) fn routers(&mut self, plan: &Plan, notices: Notices, shown: Shown) -> Result<Routers> {
        let (engine, readiness, status) = (&self.engine, &self.readiness, &self.status);
        let metrics = Arc::clone(engine.metrics());
        let public = admin::router(Arc::clone(readiness), Arc::clone(status), Arc::clone(&metrics));
        let private = debug::router(shown);
        let validating = validate::router(Arc::clone(engine), self.judge.clone());
        let store = match &plan.record {
            Some(place) => Some(Store::open(place.clone(), metrics).with_context(|| {
                format!("cannot record reviews in {} (--record)", place.directory.display())
            })?),
            None => None,
        };
        if let Some(shadow) = &plan.shadow {
            let (webhook, differences) = shadow.routers(self, super::serve::compliance(plan), store)?;
            return Ok(Routers {
                webhook: webhook.merge(validating),
                public,
                private: private.merge(differences),
            });
        }
        let recorder = store.map_or_else(Recorder::off, |store| {
            let (recorder, work) = Recorder::open(store, Arc::clone(engine));
            self.tasks.spawn(work);
            recorder
        });
        let (engine, readiness) = (Arc::clone(engine), Arc::clone(readiness));
        let webhook = admit::router_with(engine, readiness, plan.decision_log, notices, recorder);
        Ok(Routers { webhook: webhook.merge(validating), public, private })
    }

    /// Starts to count which pods have their sidecar.
    pub(super) fn census(&mut self, plan: &Plan, client: Option<&Client>) {
        let Some((client, holder)) = client.zip(plan.census.clone()) else { return };
        self.tasks.spawn(census::follow(census::Plan {
            client: client.clone(),
            holder,
            target: plan.target.clone(),
            engine: Arc::clone(&self.engine),
            revision: plan.settings.revision.clone(),
            events: plan.events,
        }));
    }

    /// Starts to follow who may call the webhook's port, if not everybody may.
    pub(super) fn clients(&mut self, plan: &Plan) -> Result<Option<Arc<Clients>>> {
        let Some(allowed) = plan.clients.clone() else { return Ok(None) };
        let clients = Clients::new(allowed, super::serve::compliance(plan)).context("--client-ca")?;
        self.tasks.spawn(Arc::clone(&clients).follow());
        Ok(Some(clients))
    }

    /// Starts to follow the certificate, and to keep the webhooks that call us. Gives the authority of a certificate
    /// made in memory.
    pub(super) async fn certificate(
        &mut self,
        plan: &Plan,
        client: Option<&Client>,
        https: IpAddr,
    ) -> Result<Option<String>> {
        let managed = client.filter(|_| plan.manage_webhooks);
        let registered = watch::Sender::new(match managed {
            Some(_) => Registered::Unknown,
            None => Registered::Nowhere,
        });
        let desk = Desk {
            resolver: Arc::clone(&self.resolver),
            metrics: Arc::clone(self.engine.metrics()),
            readiness: Arc::clone(&self.readiness),
            trust: self.trust.clone(),
            fault: self.certificate_fault.clone(),
            registered: registered.subscribe(),
            name: plan.target.url.is_none().then(|| plan.target.host()),
        };
        if let Some(client) = managed {
            let registration = Registration {
                client: client.clone(),
                target: plan.target.clone(),
                trust: desk.trust.subscribe(),
                registered,
                metrics: Arc::clone(self.engine.metrics()),
                readiness: Arc::clone(&self.readiness),
                replica: replica(),
                validating: plan.manage_validating_webhooks,
                told_of_no_authority: false,
            };
            self.tasks.spawn(registration.run());
        }
        let mut keeper = Keeper::new(desk);
        match &plan.certificates {
            Certificates::Memory => {
                let subject = super::cluster::subject(&plan.settings, &plan.target);
                let made = tls::ca::self_signed(&subject.names, https).context("certificate")?;
                let trust = Trust::from_pem(made.ca_pem.as_bytes());
                if managed.is_some() {
                    self.tasks.spawn(async move { drop(keeper.take(made.identity, trust).await) });
                } else {
                    keeper.take(made.identity, trust).await.context("certificate")?;
                }
                return Ok(Some(made.ca_pem));
            }
            Certificates::Files(files) => {
                let mut follower = tls::watch::Follower::new(files.clone(), keeper);
                if managed.is_none() {
                    // Nothing to wait for: whoever reads the line that is printed next can use it.
                    follower.look().await;
                }
                self.tasks.spawn(follower.follow());
            }
            Certificates::Istio(istio) => drop(self.tasks.spawn(tls::istio::follow(istio.clone(), keeper))),
            Certificates::Secret(secret) => {
                let client = client.context("--cert-source secret needs a cluster")?;
                self.tasks.spawn(identity::follow(client.clone(), secret.as_ref().clone(), keeper));
            }
        }
        Ok(None)
    }
}
