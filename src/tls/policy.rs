//! What a handshake may agree on: TLS 1.2 and 1.3 by default, less where `COMPLIANCE_POLICY` asks for it.
//! The restrictions are those of Istio's control plane (pkg/model/fips.go). Never: certificates.

use std::sync::Arc;

use hyper_rustls::ConfigBuilderExt;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::{
    CipherSuite, ClientConfig, NamedGroup, RootCertStore, ServerConfig, SupportedProtocolVersion, version,
};

use super::{Clients, Resolver, Trust};

/// The restriction in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compliance {
    /// None beyond the library's.
    #[default]
    None,
    /// TLS 1.2, AES-GCM, P-256.
    Fips140_2,
    /// TLS 1.2 and 1.3, AES-GCM, P-256 and P-384.
    Fips140_3,
    /// TLS 1.3, AES-GCM, X25519MLKEM768.
    Pqc,
}

/// One policy: its name in the environment and what it leaves of versions, suites and groups.
struct Row {
    compliance: Compliance,
    name: &'static str,
    versions: &'static [&'static SupportedProtocolVersion],
    /// Empty: all.
    suites: &'static [CipherSuite],
    /// Empty: all.
    groups: &'static [NamedGroup],
}

const POLICIES: &[Row] = &[
    Row {
        compliance: Compliance::None,
        name: "",
        versions: &[&version::TLS13, &version::TLS12],
        suites: &[],
        groups: &[],
    },
    Row {
        compliance: Compliance::Fips140_2,
        name: "fips-140-2",
        versions: &[&version::TLS12],
        suites: &FIPS_SUITES,
        groups: &[NamedGroup::secp256r1],
    },
    Row {
        compliance: Compliance::Fips140_3,
        name: "fips-140-3",
        versions: &[&version::TLS13, &version::TLS12],
        suites: &FIPS_SUITES,
        groups: &[NamedGroup::secp256r1, NamedGroup::secp384r1],
    },
    Row {
        compliance: Compliance::Pqc,
        name: "pqc",
        versions: &[&version::TLS13],
        suites: &FIPS_SUITES,
        groups: &[NamedGroup::X25519MLKEM768],
    },
];

const FIPS_SUITES: [CipherSuite; 6] = [
    CipherSuite::TLS13_AES_128_GCM_SHA256,
    CipherSuite::TLS13_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
];

impl Compliance {
    /// The policy of this name; as in Istio, an unknown one restricts nothing (`None` tells the caller to warn).
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        POLICIES.iter().find(|row| row.name == name).map(|row| row.compliance)
    }

    fn row(self) -> &'static Row {
        POLICIES.iter().find(|row| row.compliance == self).unwrap_or(&POLICIES[0])
    }
}

/// The listener's TLS settings: HTTP/2 and HTTP/1.1, certificates from `resolver`.
///
/// # Errors
/// A policy for which the library lacks the means.
pub fn server_config(compliance: Compliance, resolver: Arc<Resolver>) -> Result<ServerConfig, rustls::Error> {
    server_config_for(None, compliance, resolver)
}

/// The same for these clients only.
///
/// # Errors
/// As [`server_config`].
pub fn server_config_for(
    clients: Option<Arc<Clients>>,
    compliance: Compliance,
    resolver: Arc<Resolver>,
) -> Result<ServerConfig, rustls::Error> {
    let row = compliance.row();
    let builder =
        ServerConfig::builder_with_provider(provider(compliance)).with_protocol_versions(row.versions)?;
    let mut config = match clients {
        None => builder.with_no_client_auth(),
        Some(clients) => builder.with_client_cert_verifier(clients),
    }
    .with_cert_resolver(resolver);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The TLS settings of a client of ours: servers are checked against `trust`, or without one against the system's roots.
///
/// # Errors
/// No authority that can be used, or a policy for which the library lacks the means.
pub fn client_config(compliance: Compliance, trust: Option<&Trust>) -> Result<ClientConfig, String> {
    let row = compliance.row();
    let builder = ClientConfig::builder_with_provider(provider(compliance))
        .with_protocol_versions(row.versions)
        .map_err(|error| error.to_string())?;
    let builder = match trust {
        None => builder.with_native_roots().map_err(|error| format!("the system's authorities: {error}"))?,
        Some(trust) => {
            let mut roots = RootCertStore::empty();
            if roots.add_parsable_certificates(trust.authorities().iter().cloned()).0 == 0 {
                return Err("no authority can be used".to_owned());
            }
            builder.with_root_certificates(roots)
        }
    };
    Ok(builder.with_no_client_auth())
}

/// The library's means, less what the policy forbids.
pub(super) fn provider(compliance: Compliance) -> Arc<CryptoProvider> {
    let row = compliance.row();
    let mut provider = aws_lc_rs::default_provider();
    if !row.suites.is_empty() {
        provider.cipher_suites.retain(|suite| row.suites.contains(&suite.suite()));
    }
    if !row.groups.is_empty() {
        provider.kx_groups.retain(|group| row.groups.contains(&group.name()));
    }
    Arc::new(provider)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_of_istio_is_known_and_has_means() {
        for name in ["", "fips-140-2", "fips-140-3", "pqc"] {
            let compliance = Compliance::parse(name).unwrap();
            let config = server_config(compliance, Arc::new(Resolver::default())).unwrap();
            let provider = config.crypto_provider();
            let row = compliance.row();
            assert!(!provider.cipher_suites.is_empty() && !provider.kx_groups.is_empty(), "{name}");
            if !row.groups.is_empty() {
                assert_eq!(provider.kx_groups.len(), row.groups.len(), "{name}");
            }
        }
        assert_eq!(Compliance::parse("fips-200"), None);
    }

    #[test]
    fn post_quantum_exchange_is_preferred_without_a_policy() {
        let config = server_config(Compliance::None, Arc::new(Resolver::default())).unwrap();
        assert_eq!(config.crypto_provider().kx_groups[0].name(), NamedGroup::X25519MLKEM768);
    }
}
