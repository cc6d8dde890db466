//! [`Keeper`]: takes a new identity into use. What API servers do not trust yet must not be presented, so the order is:
//! tell the authorities, wait until every webhook that names us holds them, then exchange the identity. Never: where
//! identities come from.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::identity::{Identity, Unfit};
use super::{Resolver, Trust};
use crate::clock::now;
use crate::lifecycle::Readiness;
use crate::telemetry::Metrics;

/// How long API servers may take to hear of a changed webhook: their watch is quick, and there may be several.
const SETTLE: Duration = Duration::from_secs(2);
/// An identity in use is exchanged this many seconds before it expires, or a tenth of its life if that is less, trusted
/// or not: nothing can be worse then.
const LAST_MOMENT: i64 = 60;

/// What the webhooks that name us trust.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Registered {
    /// It is not known yet.
    #[default]
    Unknown,
    /// No webhook names us, or nobody asks us to care.
    Nowhere,
    /// Each of them trusts these.
    With(Trust),
}

impl Registered {
    /// Whether an identity that leads to `trust` is accepted wherever we are called.
    #[must_use]
    pub fn covers(&self, trust: &Trust) -> bool {
        match self {
            Self::Unknown => false,
            Self::Nowhere => true,
            Self::With(registered) => registered.covers(trust),
        }
    }
}

/// What everyone who has to do with certificates shares.
#[derive(Clone)]
pub struct Desk {
    /// The identity in use.
    pub resolver: Arc<Resolver>,
    /// Where it is told of.
    pub metrics: Arc<Metrics>,
    /// Ready only with a certificate that is accepted.
    pub readiness: Arc<Readiness>,
    /// The authorities that webhooks must hold.
    pub trust: watch::Sender<Trust>,
    /// Why the certificate found last is not in use.
    pub fault: watch::Sender<Option<String>>,
    /// Those that they hold.
    pub registered: watch::Receiver<Registered>,
    /// The host name that API servers ask for; none where we are called by a URL.
    pub name: Option<String>,
}

/// Takes identities into use, one after the other.
pub struct Keeper {
    desk: Desk,
    current: Option<Identity>,
    /// Why the last one was not, so that it is told of once.
    told: String,
}

impl Keeper {
    /// No identity yet.
    #[must_use]
    pub const fn new(desk: Desk) -> Self {
        Self { desk, current: None, told: String::new() }
    }

    /// Takes what was found at `place` into use, as [`Self::take`], or tells why it cannot be used.
    pub async fn offer<E: Display>(&mut self, place: &str, found: Result<(Identity, Trust), E>) {
        match found {
            Ok((identity, trust)) => match self.take(identity, trust).await {
                Ok(()) => self.told.clear(),
                Err(unfit) => self.refused(format!("{place}: {unfit}")),
            },
            Err(error) => self.refused(error.to_string()),
        }
    }

    /// Takes `identity`, whose clients trust `trust`, into use once they do. Without any authority nobody is told and
    /// nothing is checked: then whoever registered the webhook looks after it.
    ///
    /// # Errors
    /// It does not lead to `trust`: the one in use stays.
    pub async fn take(&mut self, identity: Identity, trust: Trust) -> Result<(), Unfit> {
        if !trust.is_empty() {
            match identity.leads_to(&trust, self.desk.name.as_deref()) {
                Err(Unfit::Untrusted) => return Err(Unfit::Untrusted),
                // What this library is strict about an API server may accept.
                Err(unfit) => {
                    tracing::warn!(reason = %unfit, "API servers may not accept the new certificate")
                }
                Ok(()) => {}
            }
            self.desk.trust.send_if_modified(|old| std::mem::replace(old, trust.clone()) != trust);
        }
        self.desk.metrics.certificate_stale.set(0);
        self.desk.fault.send_replace(None);
        if self.current.as_ref().is_some_and(|current| current.same_as(&identity)) {
            return Ok(());
        }
        self.trusted(&trust).await;
        self.desk.resolver.set(&identity);
        self.desk.readiness.certificate_until(identity.expires());
        self.desk.metrics.certificate_expires(identity.expires());
        if self.current.is_some() {
            self.desk.metrics.certificate_reloads.inc();
        }
        tracing::info!(
            expires = %jiff::Timestamp::from_second(identity.expires()).unwrap_or_default(),
            "{}",
            if self.current.is_some() { "certificate renewed" } else { "certificate in use" }
        );
        self.current = Some(identity);
        Ok(())
    }

    /// A certificate was found that cannot be used.
    fn refused(&mut self, message: String) {
        self.desk.metrics.certificate_stale.set(1);
        if message != self.told {
            match self.current {
                Some(_) => tracing::error!(error = %message, "new certificate not used: the old one stays"),
                None => tracing::error!(error = %message, "no certificate yet: not ready until there is one"),
            }
            self.desk.fault.send_replace(Some(message.clone()));
            self.told = message;
        }
    }

    /// Waits until webhooks hold `trust`; with an identity in use no longer than that one lives.
    async fn trusted(&mut self, trust: &Trust) {
        if trust.is_empty() || self.desk.registered.borrow().covers(trust) {
            return;
        }
        let covered = async {
            let ended = self.desk.registered.wait_for(|registered| registered.covers(trust)).await.is_err();
            if ended {
                std::future::pending::<()>().await;
            }
        };
        let Some(current) = &self.current else {
            // The first one: whoever speaks to us before we are ready finds it all the same.
            tracing::info!("waiting until the webhooks that name this Service trust the certificate");
            return covered.await;
        };
        let last = LAST_MOMENT.min(current.life() / 10);
        let left = u64::try_from(current.expires().saturating_sub(now() + last)).unwrap_or_default();
        match timeout(Duration::from_secs(left), covered).await {
            Ok(()) => sleep(SETTLE).await,
            Err(_) => tracing::error!(
                "the new certificate is used although webhooks do not hold its authority: the old one is about to expire"
            ),
        }
    }
}
