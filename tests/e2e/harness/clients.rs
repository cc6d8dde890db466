//! The certificate that the API server of these tests presents to webhooks, and how it is told to: the configuration of
//! its admission, as docs/security.md has it. Never: who checks it.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};

/// Whom the certificate names.
pub const NAME: &str = "kube-apiserver-webhook-client";

/// Files that go when the process ends, and the authority's certificate.
struct Made {
    directory: tempfile::TempDir,
    authority: String,
}

static MADE: LazyLock<Made> = LazyLock::new(|| {
    let directory = tempfile::tempdir().unwrap();
    let (authority, issuer) = authority();
    let mut client = CertificateParams::default();
    client.distinguished_name.push(DnType::CommonName, NAME);
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let key = KeyPair::generate().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    write("client.crt", &client.signed_by(&key, &issuer).unwrap().pem());
    write("client.key", &key.serialize_pem());
    write("webhooks.yaml", &kubeconfig(directory.path()));
    write("admission.yaml", &admission(directory.path()));
    Made { directory, authority }
});

/// An authority: its certificate, and what signs by it.
pub fn authority() -> (String, Issuer<'static, KeyPair>) {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "webhook clients of a test");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), Issuer::new(params, key))
}

/// The file for `--admission-control-config-file`.
pub fn presented() -> PathBuf {
    MADE.directory.path().join("admission.yaml")
}

/// Who has signed the certificate.
pub fn signed_by() -> &'static str {
    &MADE.authority
}

fn kubeconfig(directory: &Path) -> String {
    let file = |name: &str| directory.join(name).display().to_string();
    format!(
        "apiVersion: v1
kind: Config
users:
- name: '*'
  user: {{client-certificate: {}, client-key: {}}}
",
        file("client.crt"),
        file("client.key")
    )
}

fn admission(directory: &Path) -> String {
    let plugins = ["MutatingAdmissionWebhook", "ValidatingAdmissionWebhook"].map(|plugin| {
        format!(
            "- name: {plugin}
  configuration:
    apiVersion: apiserver.config.k8s.io/v1
    kind: WebhookAdmissionConfiguration
    kubeConfigFile: {}
",
            directory.join("webhooks.yaml").display()
        )
    });
    format!(
        "apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugins:\n{}",
        plugins.concat()
    )
}
