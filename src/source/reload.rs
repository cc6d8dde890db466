//! A source that changes while the program runs. The new configuration is read, compiled and tried on sample pods; only
//! then it replaces the old one, whole. A faulty one is told of (log, metric, `/readyz?verbose`) and the old one stays,
//! whole. Never: half of a configuration.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use pillion_core::config::{Settings, Snapshot};

use super::{Origin, SourceError, Status, Texts, build, check};
use crate::engine::Engine;
use crate::watch::Watch;

/// Keeps an engine's configuration up to date.
pub struct Reloader {
    origin: Origin,
    settings: Settings,
    engine: Arc<Engine>,
    status: Arc<Status>,
    /// What was found last, and why it is not in use if it is not.
    seen: (Texts, Option<String>),
    /// What could not even be read, so that it is told of once.
    unread: Option<String>,
}

impl Reloader {
    /// Loads the first configuration.
    ///
    /// # Errors
    /// A configuration that cannot be used: the program does not start with it. One under which a sample pod is refused
    /// is used at the start (other pods may pass), with a warning.
    pub fn start(
        origin: Origin,
        settings: Settings,
        engine: Arc<Engine>,
        status: Arc<Status>,
    ) -> Result<Self, SourceError> {
        let texts = origin.read()?;
        let snapshot = compile(&texts, settings.clone())?;
        if let Err(error) = check::samples(&snapshot) {
            tracing::warn!(%error, "the configuration refuses a sample pod");
        }
        engine.replace(snapshot);
        tracing::info!(source = status.source(), "configuration loaded");
        Ok(Self { origin, settings, engine, status, seen: (texts, None), unread: None })
    }

    /// Follows the source for ever. Compiling happens beside the threads that serve.
    pub async fn follow(mut self, mut watch: Watch) {
        loop {
            watch.changed().await;
            let looked = tokio::task::spawn_blocking(move || {
                self.look_safely();
                self
            });
            match looked.await {
                Ok(same) => self = same,
                // The runtime is being shut down.
                Err(_) => return,
            }
        }
    }

    /// A configuration that makes the program panic is a faulty one: the old one stays, and the next is looked at.
    fn look_safely(&mut self) {
        if catch_unwind(AssertUnwindSafe(|| self.look())).is_err() {
            self.engine.metrics().panics.inc();
            self.tell(Some(
                "a panic while the configuration was loaded: this is an error in the program".to_owned(),
            ));
        }
    }

    /// Looks whether there is something new and takes it into use if it is good.
    pub fn look(&mut self) {
        match self.origin.read() {
            // In the middle of a change a file may be missing: that is no news until it stays so.
            Err(error) => self.unreadable(&error),
            Ok(texts) if self.seen.0 == texts => {
                if self.unread.take().is_some() {
                    self.tell(self.seen.1.clone());
                }
            }
            Ok(texts) => {
                self.unread = None;
                let fault = self.take(&texts).err().map(|error| error.to_string());
                match &fault {
                    Some(error) => {
                        tracing::error!(%error, "new configuration not used: the last good one stays in use");
                    }
                    None => tracing::info!(source = self.status.source(), "configuration reloaded"),
                }
                self.tell(fault.clone());
                self.seen = (texts, fault);
            }
        }
    }

    fn take(&self, texts: &Texts) -> Result<(), SourceError> {
        let snapshot = compile(texts, self.settings.clone())?;
        // A sample that the configuration in use refuses as well is no reason to keep that one.
        let refused_before =
            self.engine.generation().is_some_and(|old| check::samples(&old.snapshot).is_err());
        match check::samples(&snapshot) {
            Err(error) if !refused_before => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "the configuration refuses a sample pod, as the old one did")
            }
            Ok(()) => {}
        }
        self.engine.replace(snapshot);
        Ok(())
    }

    fn unreadable(&mut self, error: &SourceError) {
        let message = error.to_string();
        if self.unread.as_ref() != Some(&message) {
            tracing::error!(error = %message, "configuration not readable: the last good one stays in use");
            self.tell(Some(message.clone()));
            self.unread = Some(message);
        }
    }

    fn tell(&self, fault: Option<String>) {
        self.engine.metrics().config_stale.set(i64::from(fault.is_some()));
        self.status.set_fault(fault);
    }
}

fn compile(texts: &Texts, settings: Settings) -> Result<Snapshot, SourceError> {
    let built = build(texts, settings)?;
    for warning in &built.warnings {
        tracing::warn!(%warning, "configuration");
    }
    Ok(built.snapshot)
}
