//! [`Authority`]: makes a certificate authority, or takes a given one, and issues server certificates by it. Also the
//! certificate made in memory where none is given, for trying things out and for tests. Never: where keys are kept.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::identity::{Identity, IdentityError};
use super::trust::expires;
use crate::clock::since_epoch;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// How long what is made in memory is valid: what browsers and Apple's libraries accept at most for a server's.
const IN_MEMORY: Duration = Duration::from_secs(820 * 24 * 3600);
/// Clocks differ: certificates are valid from this long before they are made, or a tenth of their life if that is less.
const SKEW: Duration = DAY;

/// Why no certificate could be made.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// A name cannot stand in a certificate, or the key could not be made.
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// An authority's certificate and key cannot be used.
    #[error("cannot use the certificate authority: {0}")]
    Authority(String),
    /// What was made cannot be used.
    #[error("cannot use the certificate that was made: {0}")]
    Use(#[from] IdentityError),
}

/// A certificate authority with its key.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    certificate_pem: String,
    key_pem: String,
}

/// A server's certificate and key as PEM.
#[derive(Clone)]
pub struct Issued {
    /// The certificate.
    pub certificate_pem: String,
    /// Its private key.
    pub key_pem: String,
}

impl Authority {
    /// Makes an authority that is valid for `lifetime`.
    ///
    /// # Errors
    /// A failure of the library.
    pub fn make(lifetime: Duration) -> Result<Self, CaError> {
        let mut params = dated("pillion certificate authority", lifetime, None);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate()?;
        // Authorities that follow each other have the same name, and are told apart by their key's.
        params.use_authority_key_identifier_extension = true;
        let certificate = params.self_signed(&key)?;
        let (certificate_pem, key_pem) = (certificate.pem(), key.serialize_pem());
        Ok(Self {
            certificate: certificate.der().clone(),
            issuer: Issuer::new(params, key),
            certificate_pem,
            key_pem,
        })
    }

    /// Takes an authority as PEM.
    ///
    /// # Errors
    /// What is no certificate of an authority, or not its key.
    pub fn from_pem(certificate_pem: &str, key_pem: &str) -> Result<Self, CaError> {
        let certificate = CertificateDer::from_pem_slice(certificate_pem.as_bytes())
            .map_err(|error| CaError::Authority(format!("its certificate is no PEM: {error}")))?;
        let key = KeyPair::from_pem(key_pem)
            .map_err(|error| CaError::Authority(format!("its private key cannot be read: {error}")))?;
        let issuer = Issuer::from_ca_cert_der(&certificate, key)
            .map_err(|error| CaError::Authority(format!("its certificate cannot be read: {error}")))?;
        let (certificate_pem, key_pem) = (certificate_pem.to_owned(), key_pem.to_owned());
        Ok(Self { issuer, certificate, certificate_pem, key_pem })
    }

    /// Issues a server certificate for host names and addresses, valid for `lifetime`, but no longer than the authority.
    ///
    /// # Errors
    /// A name that is no DNS name, or a failure of the library.
    pub fn issue(
        &self,
        names: &[String],
        addresses: &[IpAddr],
        lifetime: Duration,
    ) -> Result<Issued, CaError> {
        let mut params = dated("pillion", lifetime, expires(&self.certificate));
        let names = names.iter().map(|name| Ok(SanType::DnsName(name.as_str().try_into()?)));
        params.subject_alt_names = names.collect::<Result<_, rcgen::Error>>()?;
        params.subject_alt_names.extend(addresses.iter().map(|address| SanType::IpAddress(*address)));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate_pem = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Issued { certificate_pem, key_pem: key.serialize_pem() })
    }

    /// Its certificate as PEM.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Its private key as PEM: for the Secret that keeps it, and for nothing else.
    #[must_use]
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// Its certificate.
    #[must_use]
    pub const fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }
}

/// An identity made in memory.
pub struct SelfSigned {
    /// What the listener presents.
    pub identity: Identity,
    /// The authority's certificate, for clients.
    pub ca_pem: String,
}

/// Makes an authority and a certificate for localhost, its addresses, `names` and the address listened on. The
/// authority's key is dropped at once.
///
/// # Errors
/// A name that is no DNS name, or a failure of the library.
pub fn self_signed(names: &[String], address: IpAddr) -> Result<SelfSigned, CaError> {
    let authority = Authority::make(IN_MEMORY)?;
    let names: Vec<String> = std::iter::once("localhost".to_owned()).chain(names.iter().cloned()).collect();
    let mut addresses = vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    if !address.is_unspecified() && !address.is_loopback() {
        addresses.push(address);
    }
    let Issued { certificate_pem, key_pem } = authority.issue(&names, &addresses, IN_MEMORY)?;
    let identity = Identity::from_pem("made in memory", certificate_pem.as_bytes(), key_pem.as_bytes())?;
    Ok(SelfSigned { identity, ca_pem: authority.certificate_pem })
}

/// The Service names that a webhook is usually reached by: our own, istiod's (which may be swapped for ours), and
/// what `ISTIOD_CUSTOM_HOST` adds. `root` is the namespace of the mesh, `own` that of our Service.
#[must_use]
pub fn service_names(
    service: &str,
    own: &str,
    root: &str,
    revision: &str,
    custom_hosts: &str,
) -> Vec<String> {
    let mut ours = vec![service.to_owned(), "pillion".into()];
    let mut istios = vec!["istiod".to_owned(), "istiod-remote".into(), "istio-pilot".into()];
    if !matches!(revision, "" | "default") {
        ours.push(format!("pillion-{revision}"));
        istios.push(format!("istiod-{revision}"));
    }
    let within = |names: &[String], namespace: &str| -> Vec<String> {
        names.iter().map(|name| format!("{name}.{namespace}.svc")).collect()
    };
    let mut names = within(&ours, own);
    names.extend(within(&istios, root));
    names.extend([format!("{service}.{own}.svc.cluster.local"), format!("{service}.{own}")]);
    names.extend(custom_hosts.split(',').map(str::trim).filter(|host| !host.is_empty()).map(str::to_owned));
    names.sort();
    names.dedup();
    names
}

/// A certificate's parameters with its name and its time; it ends at `end` at the latest.
fn dated(common_name: &str, lifetime: Duration, end: Option<i64>) -> CertificateParams {
    let mut params = CertificateParams::default();
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let now = since_epoch();
    params.not_before = epoch + now.saturating_sub(SKEW.min(lifetime / 10));
    params.not_after = epoch + now + lifetime;
    if let Some(end) = end.and_then(|end| u64::try_from(end).ok()) {
        params.not_after = params.not_after.min(epoch + Duration::from_secs(end));
    }
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn each_process_makes_its_own_authority() {
        let (a, b) = (self_signed(&[], LOCALHOST).unwrap(), self_signed(&[], LOCALHOST).unwrap());
        assert!(a.ca_pem.starts_with("-----BEGIN CERTIFICATE-----"));
        assert_ne!(a.ca_pem, b.ca_pem);
        assert!(!a.identity.same_as(&b.identity));
    }

    #[test]
    fn an_authority_can_be_kept_as_pem_and_issues_nothing_that_outlives_it() {
        let made = Authority::make(Duration::from_secs(3600)).unwrap();
        let kept = Authority::from_pem(made.certificate_pem(), made.key_pem()).unwrap();
        let issued = kept.issue(&["pillion.mesh.svc".into()], &[], DAY).unwrap();
        let identity =
            Identity::from_pem("issued", issued.certificate_pem.as_bytes(), issued.key_pem.as_bytes())
                .unwrap();
        assert_eq!(Some(identity.expires()), expires(made.certificate()));
        let trust = crate::tls::Trust::from_pem(made.certificate_pem().as_bytes());
        assert_eq!(identity.leads_to(&trust, Some("pillion.mesh.svc")), Ok(()));
        let other = crate::tls::Trust::from_pem(Authority::make(DAY).unwrap().certificate_pem().as_bytes());
        assert!(identity.leads_to(&other, None).is_err());
    }

    #[test]
    fn names_of_a_revision_and_custom_hosts_are_added() {
        let names = service_names("sidecars", "own", "mesh", "1-27", "a.example, b.example,");
        for name in [
            "sidecars.own.svc",
            "pillion-1-27.own.svc",
            "istiod.mesh.svc",
            "istiod-1-27.mesh.svc",
            "a.example",
        ] {
            assert!(names.iter().any(|n| n == name), "{name} in {names:?}");
        }
        let default = service_names("pillion", "own", "mesh", "default", "");
        assert!(!default.iter().any(|n| n.contains("default")));
    }

    #[test]
    fn a_name_that_is_none_is_an_error() {
        assert!(self_signed(&["ä ö".to_owned()], LOCALHOST).is_err());
    }
}
