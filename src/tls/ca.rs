//! A certificate where none is given: an authority and a server certificate made in memory, for trying things out
//! and for tests. The authority's certificate is handed out, its key is dropped at once. Never: written keys.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::Identity;

/// Days that both certificates are valid: what browsers and Apple's libraries accept at most for a server's.
const DAYS: i64 = 820;

/// Why no certificate could be made.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// A name cannot stand in a certificate, or the key could not be made.
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// What was made cannot be used.
    #[error("cannot use the certificate that was made: {0}")]
    Use(#[from] rustls::Error),
    /// The clock is outside of what a certificate can say.
    #[error("cannot make a certificate: the system's clock is wrong: {0}")]
    Clock(#[from] jiff::Error),
}

/// An identity made in memory.
pub struct SelfSigned {
    /// What the listener presents.
    pub identity: Identity,
    /// The authority's certificate, for clients.
    pub ca_pem: String,
}

/// Makes an authority and a certificate for localhost, its addresses, `names` and the address listened on.
///
/// # Errors
/// A name that is no DNS name, or a failure of the library.
pub fn self_signed(names: &[String], address: IpAddr) -> Result<SelfSigned, CaError> {
    let (not_before, not_after) = validity()?;
    let dated = |common_name: &str| {
        let mut params = CertificateParams::default();
        params.not_before = rcgen::date_time_ymd(not_before.0, not_before.1, not_before.2);
        params.not_after = rcgen::date_time_ymd(not_after.0, not_after.1, not_after.2);
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params
    };

    let mut authority = dated("pillion, made in memory");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority_key = KeyPair::generate()?;
    let ca_pem = authority.self_signed(&authority_key)?.pem();
    let issuer = Issuer::new(authority, authority_key);

    let mut server = dated("pillion");
    server.subject_alt_names = vec![
        SanType::DnsName("localhost".try_into()?),
        SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        SanType::IpAddress(IpAddr::V6(Ipv6Addr::LOCALHOST)),
    ];
    if !address.is_unspecified() && !address.is_loopback() {
        server.subject_alt_names.push(SanType::IpAddress(address));
    }
    for name in names {
        server.subject_alt_names.push(SanType::DnsName(name.as_str().try_into()?));
    }
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = server.signed_by(&key, &issuer)?;

    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    Ok(SelfSigned { identity: Identity::new(vec![certificate.der().clone()], &private)?, ca_pem })
}

/// The Service names that a webhook is usually reached by: our own, istiod's (which may be swapped for ours), and
/// what `ISTIOD_CUSTOM_HOST` adds.
#[must_use]
pub fn service_names(namespace: &str, revision: &str, custom_hosts: &str) -> Vec<String> {
    let mut services =
        vec!["pillion".to_owned(), "istiod".into(), "istiod-remote".into(), "istio-pilot".into()];
    if !matches!(revision, "" | "default") {
        services.extend([format!("pillion-{revision}"), format!("istiod-{revision}")]);
    }
    let mut names: Vec<String> =
        services.iter().map(|service| format!("{service}.{namespace}.svc")).collect();
    names.extend([format!("pillion.{namespace}.svc.cluster.local"), format!("pillion.{namespace}")]);
    names.extend(custom_hosts.split(',').map(str::trim).filter(|host| !host.is_empty()).map(str::to_owned));
    names.sort();
    names.dedup();
    names
}

/// Year, month, day.
type Date = (i32, u8, u8);

/// From yesterday (clocks differ) for [`DAYS`].
fn validity() -> Result<(Date, Date), CaError> {
    use jiff::ToSpan;
    let yesterday = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).checked_sub(1.day())?;
    let end = yesterday.checked_add(DAYS.days())?;
    let date = |day: &jiff::Zoned| (day.year().into(), day.month().unsigned_abs(), day.day().unsigned_abs());
    Ok((date(&yesterday), date(&end)))
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
    fn names_of_a_revision_and_custom_hosts_are_added() {
        let names = service_names("mesh", "1-27", "a.example, b.example,");
        for name in ["pillion.mesh.svc", "istiod.mesh.svc", "istiod-1-27.mesh.svc", "a.example", "b.example"]
        {
            assert!(names.iter().any(|n| n == name), "{name} in {names:?}");
        }
        assert!(!service_names("mesh", "default", "").iter().any(|n| n.contains("default")));
    }

    #[test]
    fn a_name_that_is_none_is_an_error() {
        assert!(self_signed(&["ä ö".to_owned()], LOCALHOST).is_err());
    }
}
