//! What a control plane proves itself with, made anew for each: an authority, the API server's certificate, the key of
//! service account tokens and an administrator's token. Written only into the directory that goes with the processes.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use sha2::{Digest, Sha256};

/// What clients need of it.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    /// The authority's certificate.
    pub(crate) ca_pem: String,
    /// The administrator's token.
    pub(crate) token: String,
}

/// Makes everything and writes what the processes read: `ca.crt`, `server.crt`, `server.key`, `accounts.key`,
/// `accounts.pub` and `tokens.csv`. The API server is known by the loopback address, and by `address` if there is one.
pub(crate) fn make(directory: &Path, address: Option<Ipv4Addr>) -> Result<Credentials> {
    let mut authority = named("control plane of a test");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    let authority_key = KeyPair::generate()?;
    let ca_pem = authority.self_signed(&authority_key)?.pem();
    let issuer = Issuer::new(authority, authority_key);

    let mut server = named("kube-apiserver");
    server.subject_alt_names = vec![
        SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        SanType::DnsName("localhost".try_into()?),
        SanType::DnsName("kubernetes.default.svc".try_into()?),
    ];
    server.subject_alt_names.extend(address.map(|address| SanType::IpAddress(IpAddr::V4(address))));
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    let server_key = KeyPair::generate()?;
    let accounts = KeyPair::generate()?;
    let token = token()?;

    for (name, text) in [
        ("ca.crt", ca_pem.clone()),
        ("server.crt", server.signed_by(&server_key, &issuer)?.pem()),
        ("server.key", server_key.serialize_pem()),
        ("accounts.key", accounts.serialize_pem()),
        ("accounts.pub", accounts.public_key_pem()),
        ("tokens.csv", format!("{token},admin,admin,\"system:masters\"\n")),
    ] {
        std::fs::write(directory.join(name), text)?;
    }
    Ok(Credentials { ca_pem, token })
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// Text that nobody can guess: the digest of a key that is thrown away.
fn token() -> Result<String> {
    let digest = Sha256::digest(KeyPair::generate()?.serialize_der());
    let mut text = String::new();
    for byte in digest {
        write!(text, "{byte:02x}")?;
    }
    Ok(text)
}
