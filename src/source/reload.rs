//! A source that changes while the program runs. The new configuration is read, compiled and tried on sample pods; only
//! then it replaces the old one, whole. A faulty one is told of (log, metric, `/readyz?verbose`) and the old one stays,
//! whole. Never: half of a configuration.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use pillion_core::config::{Settings, Snapshot};

use super::{Reader, SourceError, Status, Texts, build, check};
use crate::engine::Engine;
use crate::watch::Changes;

/// Keeps an engine's configuration up to date.
pub struct Reloader {
    read: Reader,
    settings: Settings,
    engine: Arc<Engine>,
    status: Arc<Status>,
    /// What was found last, and why it is not in use if it is not.
    seen: Option<(Texts, Option<String>)>,
    /// What could not even be read, so that it is told of once.
    unread: Option<String>,
}

impl Reloader {
    /// Keeps the configuration that `read` reads; none is in use yet.
    #[must_use]
    pub fn new(read: Reader, settings: Settings, engine: Arc<Engine>, status: Arc<Status>) -> Self {
        Self { read, settings, engine, status, seen: None, unread: None }
    }

    /// Loads the first configuration, where the program shall not start without one.
    ///
    /// # Errors
    /// A configuration that cannot be used. One under which a sample pod is refused is used at the start (other pods
    /// may pass), with a warning.
    pub fn begin(&mut self) -> Result<(), SourceError> {
        let texts = (self.read)()?;
        self.take(&texts)?;
        tracing::info!(source = self.status.source(), "configuration loaded");
        self.seen = Some((texts, None));
        Ok(())
    }

    /// Follows the source for ever. Compiling happens beside the threads that serve.
    pub async fn follow(mut self, mut changes: impl Changes) {
        loop {
            changes.changed().await;
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
        match ((self.read)(), &self.seen) {
            // In the middle of a change a file may be missing: that is no news until it stays so.
            (Err(error), _) => self.unreadable(&error),
            (Ok(texts), Some((seen, fault))) if *seen == texts => {
                if self.unread.take().is_some() {
                    self.tell(fault.clone());
                }
            }
            (Ok(texts), _) => {
                self.unread = None;
                let first = self.engine.generation().is_none();
                let fault = self.take(&texts).err().map(|error| error.to_string());
                match &fault {
                    Some(error) => tracing::error!(%error, "new configuration not used: {}", self.instead()),
                    None => {
                        let how = if first { "loaded" } else { "reloaded" };
                        tracing::info!(source = self.status.source(), "configuration {how}");
                    }
                }
                self.tell(fault.clone());
                self.seen = Some((texts, fault));
            }
        }
    }

    /// What serves in place of a configuration that cannot be used.
    fn instead(&self) -> &'static str {
        match self.engine.generation() {
            Some(_) => "the last good one stays in use",
            None => "there is no other, and pods are refused until there is a good one",
        }
    }

    fn take(&self, texts: &Texts) -> Result<(), SourceError> {
        let snapshot = compile(texts, self.settings.clone())?;
        // A sample that the configuration in use refuses as well is no reason to keep that one; nor is there one to keep
        // at the start, where other pods may pass.
        let refused_before =
            self.engine.generation().is_none_or(|old| check::samples(&old.snapshot, None).is_err());
        match check::samples(&snapshot, texts.over.as_ref()) {
            Err(error) if !refused_before => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "the configuration refuses a sample pod, and is used for want of a better one");
            }
            Ok(()) => {}
        }
        self.engine.replace(snapshot);
        self.status.fingerprint.send_replace(Some(texts.fingerprint()));
        Ok(())
    }

    fn unreadable(&mut self, error: &SourceError) {
        let message = error.to_string();
        if self.unread.as_ref() != Some(&message) {
            // That a cluster has not told of everything yet is no fault.
            if !matches!(error, SourceError::Awaited { told: false, .. }) {
                tracing::error!(error = %message, "configuration not readable: {}", self.instead());
            }
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
