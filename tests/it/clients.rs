//! `--client-ca`: who gets past the handshake of the webhook's port, and that nobody else's port asks.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use pillion::tls::clients::{Allowed, Clients};
use pillion::tls::{Compliance, Trust};
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::danger::ClientCertVerifier;

use crate::support::client::{config, post};
use crate::support::program::{Serving, err, run};
use crate::support::webhook::Webhook;
use crate::support::{POD, review, swap, within_ten_seconds};

/// An authority that signs for clients.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "an authority of clients");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// A client of this common name; `usage` is what its certificate is good for. The chain and the key, as PEM.
    fn client(&self, name: &str, usage: ExtendedKeyUsagePurpose) -> (String, String) {
        let mut params = CertificateParams::new([format!("{name}.example")]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

/// What is tried: the client's certificate and key, the names that are allowed, and whether it gets in.
type Row<'r> = (&'r str, Option<(String, String)>, &'r [&'r str], bool);

/// Settings of a client of the webhook that presents this certificate, or none.
fn presenting(webhook: &Webhook, pair: Option<&(String, String)>, protocol: &str) -> ClientConfig {
    let mut config = config(&webhook.ca, rustls::ALL_VERSIONS, &[protocol]);
    if let Some((certificate, key)) = pair {
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
        let key = PrivatePkcs8KeyDer::from_pem_slice(key.as_bytes()).unwrap().into();
        let certified = rustls::sign::CertifiedKey::from_der(chain, key, config.crypto_provider()).unwrap();
        config.client_auth_cert_resolver = Arc::new(rustls::sign::SingleCertAndKey::from(certified));
    }
    config
}

/// Whether a review of this client is answered.
async fn answered(webhook: &Webhook, pair: Option<&(String, String)>, protocol: &str) -> bool {
    match post(webhook, presenting(webhook, pair, protocol), review(POD)).await {
        Ok(got) => got.body.contains(r#""allowed":true"#),
        Err(_) => false,
    }
}

fn allowed(directory: &Path, names: &[&str]) -> Allowed {
    let names = names.iter().map(|&name| name.to_owned()).collect();
    Allowed { authorities: directory.join("client-ca.crt"), names }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_certificate_of_the_authority_and_of_the_names_gets_in() {
    let volume = tempfile::tempdir().unwrap();
    let (ours, other) = (Authority::new(), Authority::new());
    swap(volume.path(), 0, &[("client-ca.crt", &ours.pem)]);
    let client = ExtendedKeyUsagePurpose::ClientAuth;
    let api_server = ours.client("kube-apiserver", client.clone());
    let rows: [Row<'_>; 8] = [
        ("none", None, &[], false),
        ("of the authority", Some(ours.client("anybody", client.clone())), &[], true),
        ("of another authority", Some(other.client("kube-apiserver", client.clone())), &[], false),
        ("of a server", Some(ours.client("web", ExtendedKeyUsagePurpose::ServerAuth)), &[], false),
        ("of the common name", Some(api_server.clone()), &["kube-apiserver"], true),
        ("of the alternative name", Some(api_server), &["x", "kube-apiserver.example"], true),
        ("of another name", Some(ours.client("anybody", client)), &["kube-apiserver"], false),
        ("none, and a name", None, &["kube-apiserver"], false),
    ];
    for (what, pair, names, wanted) in rows {
        let clients = Clients::new(allowed(volume.path(), names), Compliance::None).unwrap();
        let webhook = Webhook::for_clients(clients);
        for protocol in ["h2", "http/1.1"] {
            assert_eq!(answered(&webhook, pair.as_ref(), protocol).await, wanted, "{what}, {protocol}");
        }
        if !wanted {
            webhook.metric(r#"pillion_connection_failures_total{reason="client_certificate"} 2"#).await;
        }
        webhook.served.abort();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_authorities_of_clients_are_followed_and_faulty_ones_are_not_used() {
    let volume = tempfile::tempdir().unwrap();
    let (old, new) = (Authority::new(), Authority::new());
    swap(volume.path(), 0, &[("client-ca.crt", &old.pem)]);
    let clients = Clients::new(allowed(volume.path(), &[]), Compliance::None).unwrap();
    let webhook = Webhook::for_clients(Arc::clone(&clients));
    let following = tokio::spawn(Arc::clone(&clients).follow());
    let client = |authority: &Authority| authority.client("api", ExtendedKeyUsagePurpose::ClientAuth);
    let (older, newer) = (client(&old), client(&new));
    assert!(answered(&webhook, Some(&older), "h2").await && !answered(&webhook, Some(&newer), "h2").await);

    swap(volume.path(), 1, &[("client-ca.crt", "no certificate")]);
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(answered(&webhook, Some(&older), "h2").await, "the last good one stays");

    swap(volume.path(), 2, &[("client-ca.crt", &new.pem)]);
    let der = CertificateDer::from_pem_slice(newer.0.as_bytes()).unwrap();
    let trusted = || clients.verify_client_cert(&der, &[], rustls::pki_types::UnixTime::now()).is_ok();
    within_ten_seconds(trusted).await;
    assert!(answered(&webhook, Some(&newer), "h2").await && !answered(&webhook, Some(&older), "h2").await);
    following.abort();
    webhook.served.abort();
}

#[test]
fn the_program_asks_on_the_webhooks_port_alone() {
    let state = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let write = |name: &str, text: &str| {
        let path = state.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let ca = write("client-ca.crt", &authority.pem);
    assert_eq!(Trust::from_pem(authority.pem.as_bytes()).len(), 1);
    let (certificate, key) = authority.client("kube-apiserver", ExtendedKeyUsagePurpose::ClientAuth);
    let (certificate, key) = (write("api.crt", &certificate), write("api.key", &key));
    let mut serving =
        Serving::start(state.path(), &["--client-ca", &ca, "--client-name", "other,kube-apiserver"]);
    let line = serving.line.trim_end().to_owned();
    let tried = |line: &str| {
        let output = Command::new("sh").args(["-c", line]).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    assert!(!tried(&line).0, "without a certificate");
    let (success, pod) = tried(&format!("{line} --cert {certificate} --key {key}"));
    assert!(success && pod.contains("name: envoy"), "{pod}");
    let admin = serving.port("admin");
    for path in ["healthz", "readyz", "metrics", "version"] {
        let line = format!("curl -sSf http://127.0.0.1:{admin}/{path}");
        assert!(tried(&line).0, "{path}");
    }
}

#[test]
fn what_cannot_check_anybody_is_told_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let empty = directory.path().join("empty");
    std::fs::write(&empty, "nothing").unwrap();
    let empty = empty.to_str().unwrap();
    for (args, code, said) in [
        (&["serve", "--client-ca", "/nowhere/ca.crt"][..], 1, "cannot read /nowhere/ca.crt"),
        (&["serve", "--client-ca", empty], 1, "holds no certificate"),
        (&["serve", "--client-name", "kube-apiserver"], 2, "--client-ca"),
    ] {
        let mut args = args.to_vec();
        for port in ["--https-addr", "--admin-addr", "--debug-addr"] {
            args.extend([port, "127.0.0.1:0"]);
        }
        let output = run(&args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", err(&output));
        assert!(err(&output).contains(said), "{said} in {}", err(&output));
    }
}
