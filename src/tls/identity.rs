//! [`Identity`]: a certificate chain and its private key, which change together or not at all.
//! Never: logging or keeping the key's bytes anywhere else.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

/// Longest file that is read: a chain of a hundred certificates is smaller.
const MAX_FILE: u64 = 1024 * 1024;

/// A chain and the key that signs for it.
#[derive(Clone, Debug)]
pub struct Identity {
    certified: Arc<CertifiedKey>,
}

/// Why there is no identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file holds a block that is no PEM.
    #[error("{}: not PEM: {source}", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: pem::Error,
    },
    /// The certificate file holds no certificate.
    #[error("{}: holds no certificate (a block \"BEGIN CERTIFICATE\")", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// The key file holds no key.
    #[error("{}: holds no private key (a block \"BEGIN PRIVATE KEY\", \"RSA\" or \"EC\")", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// Certificate or key is of a kind that cannot be used.
    #[error("{}: cannot be used: {source}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// The key is not the certificate's.
    #[error("{} is not the private key of the first certificate in {}", key.display(), certificate.display())]
    Mismatch {
        /// The certificate file.
        certificate: PathBuf,
        /// The key file.
        key: PathBuf,
    },
}

impl Identity {
    /// Reads chain and key from PEM files and checks that they belong together.
    ///
    /// # Errors
    /// Files that cannot be read, hold something else, or do not match. Between two writes of a renewal a mismatch is
    /// normal: whoever watches tries again.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, IdentityError> {
        let chain_pem = read(certificate)?;
        let key_pem = read(key)?;
        let chain = CertificateDer::pem_slice_iter(&chain_pem)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|source| IdentityError::Pem { path: certificate.to_owned(), source })?;
        if chain.is_empty() {
            return Err(IdentityError::NoCertificate { path: certificate.to_owned() });
        }
        let private = PrivateKeyDer::from_pem_slice(&key_pem).map_err(|source| match source {
            pem::Error::NoItemsFound => IdentityError::NoKey { path: key.to_owned() },
            source => IdentityError::Pem { path: key.to_owned(), source },
        })?;
        Self::new(chain, &private).map_err(|source| match source {
            rustls::Error::InconsistentKeys(_) => {
                IdentityError::Mismatch { certificate: certificate.to_owned(), key: key.to_owned() }
            }
            rustls::Error::InvalidCertificate(_) => {
                IdentityError::Unusable { path: certificate.to_owned(), source }
            }
            source => IdentityError::Unusable { path: key.to_owned(), source },
        })
    }

    /// An identity from chain (the server's own certificate first) and key.
    ///
    /// # Errors
    /// A key of an unknown kind, or not the certificate's.
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: &PrivateKeyDer<'static>,
    ) -> Result<Self, rustls::Error> {
        let key = aws_lc_rs::sign::any_supported_type(key)?;
        let certified = CertifiedKey::new(chain, key);
        certified.keys_match()?;
        Ok(Self { certified: Arc::new(certified) })
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
}

fn read(path: &Path) -> Result<Vec<u8>, IdentityError> {
    let fail = |source| IdentityError::Read { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(fail)?.take(MAX_FILE).read_to_end(&mut bytes).map_err(fail)?;
    Ok(bytes)
}
