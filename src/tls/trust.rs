//! [`Trust`]: the authorities that a server certificate is checked against, as a webhook's `caBundle` holds them.
//! Never: private keys, and whom a bundle belongs to.

use std::net::IpAddr;
use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::identity::{IdentityError, read};

/// Authorities, each once, the newest last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    authorities: Vec<CertificateDer<'static>>,
}

impl Trust {
    /// The certificates of a PEM text. What is between them, or no certificate, is left out, as Go's clients do.
    #[must_use]
    pub fn from_pem(text: &[u8]) -> Self {
        let mut trust = Self::default();
        for certificate in CertificateDer::pem_slice_iter(text).map_while(Result::ok) {
            trust.add(certificate);
        }
        trust
    }

    /// The certificates of a PEM file.
    ///
    /// # Errors
    /// A file that cannot be read, or holds none.
    pub fn from_file(file: &Path) -> Result<Self, IdentityError> {
        let trust = Self::from_pem(&read(file)?);
        if trust.is_empty() {
            return Err(IdentityError::NoCertificate { place: file.display().to_string() });
        }
        Ok(trust)
    }

    /// One authority.
    #[must_use]
    pub fn of(authority: CertificateDer<'static>) -> Self {
        Self { authorities: vec![authority] }
    }

    /// As PEM, for a `caBundle` or a file.
    #[must_use]
    pub fn to_pem(&self) -> String {
        let blocks: Vec<_> =
            self.authorities.iter().map(|der| pem::Pem::new("CERTIFICATE", der.to_vec())).collect();
        let unix = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
        pem::encode_many_config(&blocks, unix)
    }

    /// Whether there is no authority.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.authorities.is_empty()
    }

    /// How many authorities there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.authorities.len()
    }

    /// The authorities.
    #[must_use]
    pub fn authorities(&self) -> &[CertificateDer<'static>] {
        &self.authorities
    }

    /// Whether every authority of `other` is here too.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        other.authorities.iter().all(|authority| self.authorities.contains(authority))
    }

    /// Takes in the authorities of `other` behind those that are here.
    pub fn extend(&mut self, other: &Self) {
        for authority in &other.authorities {
            self.add(authority.clone());
        }
    }

    /// The authorities that are in both.
    #[must_use]
    pub fn shared_with(&self, other: &Self) -> Self {
        let both = self.authorities.iter().filter(|authority| other.authorities.contains(authority));
        Self { authorities: both.cloned().collect() }
    }

    /// Leaves out authorities that have expired at `now`, in seconds since the epoch. One that cannot be read stays:
    /// whoever wrote it may know better.
    pub fn drop_expired(&mut self, now: i64) {
        self.authorities.retain(|authority| expires(authority).is_none_or(|end| end > now));
    }

    /// Leaves out the oldest, but never one of `kept`, until at most `most` are left.
    pub fn shorten(&mut self, most: usize, kept: &Self) {
        let mut excess = self.authorities.len().saturating_sub(most);
        self.authorities.retain(|authority| {
            let goes = excess > 0 && !kept.authorities.contains(authority);
            excess -= usize::from(goes);
            !goes
        });
    }

    fn add(&mut self, authority: CertificateDer<'static>) {
        if !self.authorities.contains(&authority) {
            self.authorities.push(authority);
        }
    }
}

/// When a certificate expires, in seconds since the epoch; `None` for what is no certificate.
#[must_use]
pub fn expires(certificate: &CertificateDer<'_>) -> Option<i64> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    Some(certificate.validity().not_after.timestamp())
}

/// From when on a certificate is valid, in seconds since the epoch.
#[must_use]
pub fn begins(certificate: &CertificateDer<'_>) -> Option<i64> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    Some(certificate.validity().not_before.timestamp())
}

/// The hosts and addresses that a server's certificate is for.
#[must_use]
pub fn hosts(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return Vec::new() };
    let Ok(Some(names)) = certificate.subject_alternative_name() else { return Vec::new() };
    let address = |bytes: &[u8]| -> Option<String> {
        let four = <[u8; 4]>::try_from(bytes).map(|it| IpAddr::from(it).to_string());
        four.or_else(|_| <[u8; 16]>::try_from(bytes).map(|it| IpAddr::from(it).to_string())).ok()
    };
    let known = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => address(bytes),
        _ => None,
    };
    names.value.general_names.iter().filter_map(known).collect()
}

/// What a certificate calls its owner: its common name, and the hosts and addresses that it is for.
#[must_use]
pub fn names(certificate: &CertificateDer<'_>) -> Vec<String> {
    let mut names = hosts(certificate);
    if let Ok((_, certificate)) = X509Certificate::from_der(certificate) {
        let common = certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok());
        names.extend(common.map(str::to_owned));
    }
    names
}

/// Who issued a certificate, in its own words.
#[must_use]
pub fn issuer(certificate: &CertificateDer<'_>) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    Some(certificate.issuer().to_string())
}

/// Whose certificate it is, in its own words.
#[must_use]
pub fn subject(certificate: &CertificateDer<'_>) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    Some(certificate.subject().to_string())
}

/// Whether a certificate names its own subject as its issuer, as a root does.
#[must_use]
pub fn is_root(certificate: &CertificateDer<'_>) -> bool {
    X509Certificate::from_der(certificate).is_ok_and(|(_, parsed)| parsed.subject() == parsed.issuer())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::ca::Authority;
    use std::time::Duration;

    fn authority() -> Trust {
        Trust::from_pem(Authority::make(Duration::from_secs(3600)).unwrap().certificate_pem().as_bytes())
    }

    #[test]
    fn a_bundle_survives_being_written_and_read() {
        let (a, b) = (authority(), authority());
        let mut both = a.clone();
        both.extend(&b);
        both.extend(&a);
        assert_eq!(both.len(), 2);
        assert_eq!(Trust::from_pem(both.to_pem().as_bytes()), both);
        assert!(both.covers(&a) && both.covers(&b) && !a.covers(&both));
    }

    #[test]
    fn what_is_no_certificate_is_left_out() {
        let text = format!("# a comment\n{}garbage\n", authority().to_pem());
        assert_eq!(Trust::from_pem(text.as_bytes()).len(), 1);
        assert!(Trust::from_pem(b"-----BEGIN CERTIFICATE-----\nx").is_empty());
    }

    #[test]
    fn the_oldest_go_first_and_those_in_use_never() {
        let all: Vec<Trust> = (0..4).map(|_| authority()).collect();
        let mut bundle = Trust::default();
        all.iter().for_each(|one| bundle.extend(one));
        bundle.shorten(2, &all[0]);
        assert!(bundle.covers(&all[0]) && bundle.covers(&all[3]));
        assert_eq!(bundle.len(), 2);
        bundle.drop_expired(i64::MAX);
        assert!(bundle.is_empty());
    }
}
