//! [`Clients`]: asks clients of the webhook's listener for a certificate, and checks it: signed by an authority of a file,
//! and for one of some names where names are given. The file is followed; a faulty one changes nothing.
//! Never: the certificate that we present, or what a client may ask once it is connected.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme,
};

use super::policy::{self, Compliance};
use super::{IdentityError, Trust, trust};
use crate::watch::{Changes, Watch};

/// Who may connect.
#[derive(Clone, Debug, Default)]
pub struct Allowed {
    /// The file with the authorities that sign for clients (PEM).
    pub authorities: PathBuf,
    /// Names of which a certificate must have one: its common name or an alternative one. Empty: any.
    pub names: Vec<String>,
}

/// Why clients cannot be checked.
#[derive(Debug, thiserror::Error)]
pub enum ClientsError {
    /// The file cannot be read, or holds no certificate.
    #[error(transparent)]
    File(#[from] IdentityError),
    /// A certificate in it is no authority that can be used.
    #[error("{place}: holds an authority that cannot be used: {why}")]
    Unusable {
        /// The file.
        place: String,
        /// Why.
        why: String,
    },
}

/// Authorities, and what checks by them.
struct Checking {
    trust: Trust,
    verifier: Arc<dyn ClientCertVerifier>,
}

/// The check of clients; one without a good certificate does not get past the handshake.
pub struct Clients {
    allowed: Allowed,
    compliance: Compliance,
    current: ArcSwap<Checking>,
}

impl Clients {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read, or holds nothing that can be used: nobody could connect.
    pub fn new(allowed: Allowed, compliance: Compliance) -> Result<Arc<Self>, ClientsError> {
        let trust = Trust::from_file(&allowed.authorities)?;
        let current = ArcSwap::from_pointee(checking(&allowed.authorities, trust, compliance)?);
        Ok(Arc::new(Self { allowed, compliance, current }))
    }

    /// Follows the file for ever.
    pub async fn follow(self: Arc<Self>) {
        let file = &self.allowed.authorities;
        let directory = file.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut watch = Watch::start(vec![directory.to_owned()]);
        loop {
            // Against what is in use: the file may have changed before anybody followed it.
            let found = Trust::from_file(file).map_err(ClientsError::from).and_then(|trust| {
                let changed = self.current.load().trust != trust;
                changed.then(|| checking(file, trust, self.compliance)).transpose()
            });
            match found {
                Ok(Some(new)) => {
                    self.current.store(Arc::new(new));
                    tracing::info!(file = %file.display(), "the authorities of clients are new");
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "the old authorities of clients stay in use"),
            }
            watch.changed().await;
        }
    }
}

fn checking(file: &Path, trust: Trust, compliance: Compliance) -> Result<Checking, ClientsError> {
    let unusable = |why: String| ClientsError::Unusable { place: file.display().to_string(), why };
    let mut roots = RootCertStore::empty();
    for authority in trust.authorities() {
        roots.add(authority.clone()).map_err(|error| unusable(error.to_string()))?;
    }
    let provider = policy::provider(compliance);
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let verifier = builder.build().map_err(|error| unusable(error.to_string()))?;
    Ok(Checking { trust, verifier })
}

impl ClientCertVerifier for Clients {
    /// None: they change. Clients then offer the certificate that they have.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.current.load().verifier.verify_client_cert(certificate, intermediates, now)?;
        let allowed = &self.allowed.names;
        if allowed.is_empty() || trust::names(certificate).iter().any(|name| allowed.contains(name)) {
            return Ok(verified);
        }
        tracing::debug!(names = ?trust::names(certificate), ?allowed, "a client's certificate is for other names");
        Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.current.load().verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.current.load().verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.current.load().verifier.supported_verify_schemes()
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients").field("allowed", &self.allowed).finish_non_exhaustive()
    }
}
