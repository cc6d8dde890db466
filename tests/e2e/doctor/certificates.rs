//! The certificates of the installation that doctor looks at: good ones, and every kind of bad. Never: real keys.

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// The host name that API servers ask for.
pub(super) const HOST: &str = "pillion-1-20-2.istio-system.svc";
/// What a Secret of certificates holds.
pub(super) const KEYS: [&str; 3] = ["tls.crt", "tls.key", "ca.crt"];

/// An authority that issues.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// Chain, key and authority, as PEM, in the order of [`KEYS`].
pub(super) type Files = [String; 3];

impl Authority {
    /// A new one.
    pub(super) fn made(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Its certificate, for a caBundle.
    pub(super) fn bundle(&self) -> String {
        STANDARD.encode(&self.pem)
    }

    /// The same authority in other bytes: API servers open new connections for it.
    pub(super) fn same_bundle(&self) -> String {
        STANDARD.encode(format!("{}\n", self.pem))
    }

    /// A certificate for a host that ends in some seconds, or has ended some seconds ago.
    pub(super) fn issued(&self, host: &str, seconds: i64) -> Files {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let hour = Duration::from_secs(3600);
        let (begin, end) = if seconds < 0 {
            (now - hour * 24, now - Duration::from_secs(seconds.unsigned_abs()))
        } else {
            (now - hour, now + Duration::from_secs(seconds.unsigned_abs()))
        };
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        (params.not_before, params.not_after) = (epoch + begin, epoch + end);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        [certificate.pem(), key.serialize_pem(), self.pem.clone()]
    }
}

/// Writes them as files.
pub(super) fn write(files: &Files, directory: &Path) {
    for (key, text) in KEYS.iter().zip(files) {
        std::fs::write(directory.join(key), text).unwrap();
    }
}
