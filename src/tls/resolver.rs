//! [`Resolver`]: hands the identity in use to each handshake. Exchanging it touches no open connection.
//! Never: loading or checking one.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::Identity;

/// The identity in use; none until one is set.
#[derive(Default)]
pub struct Resolver {
    current: ArcSwapOption<CertifiedKey>,
}

impl Resolver {
    /// Uses this identity for handshakes from now on.
    pub fn set(&self, identity: &Identity) {
        self.current.store(Some(identity.certified()));
    }

    /// What handshakes present now.
    #[must_use]
    pub fn presented(&self) -> Option<Arc<CertifiedKey>> {
        self.current.load_full()
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.presented()
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("set", &self.presented().is_some()).finish_non_exhaustive()
    }
}
