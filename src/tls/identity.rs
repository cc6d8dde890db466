//! [`Identity`]: a certificate chain and its private key, which change together or not at all.
//! Never: logging or keeping the key's bytes anywhere else.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, RootCertStore};

use super::trust::{self, Trust};

/// Longest file that is read: a chain of a hundred certificates is smaller.
pub(super) const MAX_FILE: u64 = 1024 * 1024;

/// A chain and the key that signs for it.
#[derive(Clone, Debug)]
pub struct Identity {
    certified: Arc<CertifiedKey>,
    begins: i64,
    expires: i64,
}

/// Why there is no identity. Places are files or keys of Secrets, as people know them.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A file cannot be read.
    #[error("cannot read {place}: {source}")]
    Read {
        /// The file.
        place: String,
        /// Why.
        source: std::io::Error,
    },
    /// There is a block that is no PEM.
    #[error("{place}: not PEM: {source}")]
    Pem {
        /// Where.
        place: String,
        /// What is wrong.
        source: pem::Error,
    },
    /// There is no certificate.
    #[error("{place}: holds no certificate (a block \"BEGIN CERTIFICATE\")")]
    NoCertificate {
        /// Where.
        place: String,
    },
    /// There is no key.
    #[error("{place}: holds no private key (a block \"BEGIN PRIVATE KEY\", \"RSA\" or \"EC\")")]
    NoKey {
        /// Where.
        place: String,
    },
    /// Certificate or key is of a kind that cannot be used.
    #[error("{place}: cannot be used: {source}")]
    Unusable {
        /// Where.
        place: String,
        /// Why.
        source: rustls::Error,
    },
    /// The key is not the certificate's.
    #[error("{key} is not the private key of the first certificate in {certificate}")]
    Mismatch {
        /// Where the certificate is.
        certificate: String,
        /// Where the key is.
        key: String,
    },
}

impl Identity {
    /// Reads chain and key from PEM files and checks that they belong together.
    ///
    /// # Errors
    /// Files that cannot be read, hold something else, or do not match. Between two writes of a renewal a mismatch is
    /// normal: whoever watches tries again.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, IdentityError> {
        let (chain, private) = (read(certificate)?, read(key)?);
        Self::parse((&certificate.display().to_string(), &chain), (&key.display().to_string(), &private))
    }

    /// The same out of texts; `place` is what people call the two.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn from_pem(place: &str, chain: &[u8], key: &[u8]) -> Result<Self, IdentityError> {
        Self::parse((&format!("{place} (certificate)"), chain), (&format!("{place} (private key)"), key))
    }

    fn parse(certificate: (&str, &[u8]), key: (&str, &[u8])) -> Result<Self, IdentityError> {
        let place = |of: &str| of.to_owned();
        let chain = CertificateDer::pem_slice_iter(certificate.1)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|source| IdentityError::Pem { place: place(certificate.0), source })?;
        let Some(first) = chain.first() else {
            return Err(IdentityError::NoCertificate { place: place(certificate.0) });
        };
        let expires = trust::expires(first).unwrap_or(i64::MAX);
        let begins = trust::begins(first).unwrap_or(i64::MIN);
        let private = PrivateKeyDer::from_pem_slice(key.1).map_err(|source| match source {
            pem::Error::NoItemsFound => IdentityError::NoKey { place: place(key.0) },
            source => IdentityError::Pem { place: place(key.0), source },
        })?;
        let unusable = |of: &str, source| IdentityError::Unusable { place: place(of), source };
        let signing = aws_lc_rs::sign::any_supported_type(&private).map_err(|e| unusable(key.0, e))?;
        let certified = CertifiedKey::new(chain, signing);
        certified.keys_match().map_err(|source| match source {
            rustls::Error::InconsistentKeys(_) => {
                IdentityError::Mismatch { certificate: place(certificate.0), key: place(key.0) }
            }
            rustls::Error::InvalidCertificate(_) => unusable(certificate.0, source),
            source => unusable(key.0, source),
        })?;
        Ok(Self { certified: Arc::new(certified), begins, expires })
    }

    /// What rustls signs with.
    #[must_use]
    pub fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.certified)
    }

    /// Whether both present the same chain (and so the same key).
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        self.certified.cert == other.certified.cert
    }

    /// When the server's certificate expires, in seconds since the epoch.
    #[must_use]
    pub const fn expires(&self) -> i64 {
        self.expires
    }

    /// How many seconds it is valid in all.
    #[must_use]
    pub const fn life(&self) -> i64 {
        self.expires.saturating_sub(self.begins)
    }

    /// When two thirds of its life are over, in seconds since the epoch: time to renew it.
    #[must_use]
    pub const fn due(&self) -> i64 {
        self.expires.saturating_sub(self.life() / 3)
    }

    /// The authority at the end of the chain, if it is there.
    #[must_use]
    pub fn root(&self) -> Option<&CertificateDer<'static>> {
        self.certified.cert.last().filter(|certificate| trust::is_root(certificate))
    }

    /// Whether clients that trust `trust` accept the chain for the host `name`, if one is asked for.
    ///
    /// # Errors
    /// What they would say.
    pub fn leads_to(&self, trust: &Trust, name: Option<&str>) -> Result<(), Unfit> {
        accepted(&self.certified.cert, trust, name)
    }
}

/// Whether clients that trust `trust` accept this chain for the host `name`, if one is asked for.
///
/// # Errors
/// What they would say.
pub fn accepted(chain: &[CertificateDer<'_>], trust: &Trust, name: Option<&str>) -> Result<(), Unfit> {
    let [leaf, rest @ ..] = chain else { return Err(Unfit::Untrusted) };
    // Go's clients take a server's own certificate for an authority.
    if trust.authorities().contains(leaf) {
        return Ok(());
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(trust.authorities().iter().cloned());
    let provider = Arc::new(aws_lc_rs::default_provider());
    let Ok(verifier) = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build() else {
        return Err(Unfit::Untrusted);
    };
    // Without a name any will do: whether it fits is judged last.
    let asked = ServerName::try_from(name.unwrap_or("any.invalid")).map_err(|_| Unfit::Name)?;
    match verifier.verify_server_cert(leaf, rest, &asked, &[], UnixTime::now()) {
        Ok(_) => Ok(()),
        Err(rustls::Error::InvalidCertificate(error)) => match error {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                if name.is_none() { Ok(()) } else { Err(Unfit::Name) }
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Err(Unfit::Time),
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Err(Unfit::Untrusted),
            other => Err(Unfit::Other(other.to_string())),
        },
        Err(other) => Err(Unfit::Other(other.to_string())),
    }
}

/// Why clients would not accept an identity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// No authority of the trust has signed it.
    #[error("it does not lead to the certificate authority that goes with it")]
    Untrusted,
    /// It is for other hosts.
    #[error("it is not valid for the Service's host name")]
    Name,
    /// It is not valid now.
    #[error("it has expired, or is not valid yet: compare the clocks")]
    Time,
    /// Something else, in the words of the library.
    #[error("{0}")]
    Other(String),
}

/// Reads a file that is not too long.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, IdentityError> {
    let fail = |source| IdentityError::Read { place: path.display().to_string(), source };
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(fail)?.take(MAX_FILE).read_to_end(&mut bytes).map_err(fail)?;
    Ok(bytes)
}
