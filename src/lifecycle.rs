//! The life of the process: when it is ready ([`Readiness`]), and how it ends ([`Shutdown`]): the first signal takes
//! readiness away and lets open requests finish, the second ends at once. Never: what is served.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::clock::now;

/// What must be there before pods are sent here.
#[derive(Debug, Default)]
pub struct Readiness {
    /// The webhook's listener accepts connections.
    listener: AtomicBool,
    /// A configuration is in use.
    config: AtomicBool,
    /// When the certificate in use expires, in seconds since the epoch; none is in use before the epoch.
    certificate: AtomicI64,
    /// The process is about to end.
    stopping: AtomicBool,
}

/// One thing that must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The webhook's listener.
    Listener,
    /// The configuration.
    Config,
}

impl Readiness {
    /// This part is there from now on.
    pub fn is_there(&self, part: Part) {
        self.flag(part).store(true, Ordering::Release);
    }

    /// Whether a certificate is in use that has not expired.
    #[must_use]
    pub fn has_certificate(&self) -> bool {
        now() < self.certificate.load(Ordering::Acquire)
    }

    /// Whether a configuration is in use.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        self.flag(Part::Config).load(Ordering::Acquire)
    }

    /// A certificate is in use that expires at this time, in seconds since the epoch.
    pub fn certificate_until(&self, expires: i64) {
        self.certificate.store(expires, Ordering::Release);
    }

    /// The process is about to end: no new pods, please.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Whether the process is about to end.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Whether pods may be sent here.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.checks().iter().all(|(_, good)| *good)
    }

    /// Each check by name, and whether it is good.
    #[must_use]
    pub fn checks(&self) -> [(&'static str, bool); 4] {
        let there = |part| self.flag(part).load(Ordering::Acquire);
        [
            ("listener", there(Part::Listener)),
            ("config", there(Part::Config)),
            ("certificate", self.has_certificate()),
            ("not-stopping", !self.stopping.load(Ordering::Acquire)),
        ]
    }

    const fn flag(&self, part: Part) -> &AtomicBool {
        match part {
            Part::Listener => &self.listener,
            Part::Config => &self.config,
        }
    }
}

/// Ends what listens to the [`Shutdown`]s made with it.
#[derive(Debug)]
pub struct Trigger {
    stopping: watch::Sender<bool>,
}

/// Tells a task that it shall finish what it has begun and take nothing new.
#[derive(Clone, Debug)]
pub struct Shutdown {
    stopping: watch::Receiver<bool>,
}

/// A trigger and what listens to it.
#[must_use]
pub fn shutdown() -> (Trigger, Shutdown) {
    let (sender, receiver) = watch::channel(false);
    (Trigger { stopping: sender }, Shutdown { stopping: receiver })
}

impl Trigger {
    /// Now.
    pub fn pull(&self) {
        self.stopping.send_replace(true);
    }
}

impl Shutdown {
    /// Waits until it is time. A trigger that was dropped has been pulled.
    pub async fn requested(&mut self) {
        let _ = self.stopping.wait_for(|stopping| *stopping).await;
    }
}

/// Which signal came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// SIGTERM: the kubelet, or a service manager.
    Terminate,
    /// SIGINT: a person at a terminal.
    Interrupt,
}

/// Signals to the process.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From now on signals no longer end the process by themselves.
    ///
    /// # Errors
    /// The system refuses handlers.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// The next signal.
    pub async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::Terminate,
            _ = self.interrupt.recv() => Asked::Interrupt,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_needs_every_part_and_ends_with_the_process() {
        let readiness = Readiness::default();
        for part in [Part::Listener, Part::Config] {
            assert!(!readiness.ready());
            readiness.is_there(part);
        }
        assert!(!readiness.ready());
        readiness.certificate_until(now() + 60);
        assert!(readiness.ready());
        readiness.stop();
        assert!(!readiness.ready());
    }

    #[test]
    fn an_expired_certificate_ends_readiness() {
        let readiness = Readiness::default();
        readiness.is_there(Part::Listener);
        readiness.is_there(Part::Config);
        readiness.certificate_until(now() - 1);
        assert!(!readiness.ready());
    }

    #[tokio::test]
    async fn a_dropped_trigger_stops_too() {
        let (trigger, mut shutdown) = shutdown();
        drop(trigger);
        shutdown.requested().await;
    }
}
