//! Certificates that come late, change, expire, or must be trusted first, in files as the kubelet writes them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use pillion::lifecycle::{Part, Readiness};
use pillion::telemetry::Metrics;
use pillion::tls::ca::Authority;
use pillion::tls::watch::{Files, Follower};
use pillion::tls::{Desk, Identity, Keeper, Registered, Resolver, Trust, istio};
use rustls::pki_types::CertificateDer;
use tokio::sync::watch;

use crate::support::{swap, within_ten_seconds};

/// A certificate for localhost and its key, as PEM.
fn pair() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

/// A certificate for localhost by `authority`, valid for some seconds, as files of a volume.
fn issued(authority: &Authority, seconds: u64) -> [(&'static str, String); 3] {
    let issued = authority.issue(&["localhost".to_owned()], &[], Duration::from_secs(seconds)).unwrap();
    [
        ("tls.crt", issued.certificate_pem),
        ("tls.key", issued.key_pem),
        ("ca.crt", authority.certificate_pem().to_owned()),
    ]
}

fn authority() -> Authority {
    Authority::make(Duration::from_secs(24 * 3600)).unwrap()
}

fn trust_in(authority: &Authority) -> Trust {
    Trust::from_pem(authority.certificate_pem().as_bytes())
}

/// A volume, what follows it, and where that tells.
struct Followed {
    volume: tempfile::TempDir,
    desk: Desk,
    registered: watch::Sender<Registered>,
    follower: Option<tokio::task::JoinHandle<()>>,
}

impl Followed {
    fn new(registered: Registered) -> Self {
        let registered = watch::Sender::new(registered);
        let readiness = Readiness::default();
        readiness.is_there(Part::Config);
        readiness.is_there(Part::Listener);
        let desk = Desk {
            resolver: Arc::new(Resolver::default()),
            metrics: Arc::new(Metrics::new("default")),
            readiness: Arc::new(readiness),
            trust: watch::Sender::new(Trust::default()),
            fault: watch::Sender::new(None),
            registered: registered.subscribe(),
            name: None,
        };
        Self { volume: tempfile::tempdir().unwrap(), desk, registered, follower: None }
    }

    fn follow(&mut self) {
        let file = |name: &str| self.volume.path().join(name);
        let files = Files { certificate: file("tls.crt"), key: file("tls.key"), authority: None };
        let follower = Follower::new(files, Keeper::new(self.desk.clone()));
        self.follower = Some(tokio::spawn(follower.follow()));
    }

    fn swap(&self, generation: u32, files: &[(&str, String)]) {
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        swap(self.volume.path(), generation, &files);
    }

    fn has(&self, line: &str) -> bool {
        self.desk.metrics.render().lines().any(|l| l == line)
    }

    fn presented(&self) -> Option<CertificateDer<'static>> {
        self.desk.resolver.presented().map(|identity| identity.cert[0].clone())
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        if let Some(follower) = &self.follower {
            follower.abort();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificate_and_key_are_exchanged_together_or_not_at_all() {
    let mut followed = Followed::new(Registered::Nowhere);
    let (certificate, key) = pair();
    followed.swap(0, &[("tls.crt", certificate.clone()), ("tls.key", key)]);
    followed.follow();
    within_ten_seconds(|| followed.desk.readiness.ready()).await;

    // A key of another certificate: the old pair stays.
    followed.swap(1, &[("tls.crt", certificate), ("tls.key", pair().1)]);
    within_ten_seconds(|| followed.has("pillion_certificate_stale 1")).await;
    assert!(followed.has("pillion_certificate_reloads_total 0"));

    for generation in 2..4 {
        let (certificate, key) = pair();
        followed.swap(generation, &[("tls.crt", certificate), ("tls.key", key)]);
        let reloads = format!("pillion_certificate_reloads_total {}", generation - 1);
        within_ten_seconds(|| followed.has(&reloads) && followed.has("pillion_certificate_stale 0")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_comes_late_needs_no_restart() {
    let mut followed = Followed::new(Registered::Nowhere);
    followed.follow();
    within_ten_seconds(|| followed.has("pillion_certificate_stale 1")).await;
    assert!(!followed.desk.readiness.ready());
    followed.swap(0, &issued(&authority(), 600));
    within_ten_seconds(|| followed.desk.readiness.ready()).await;
    let left = followed.desk.metrics.render();
    let left = left.lines().find_map(|line| line.strip_prefix("pillion_cert_expiry_seconds ")).unwrap();
    assert!((500..=600).contains(&left.parse::<i64>().unwrap()), "{left}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_certificate_is_not_ready() {
    let mut followed = Followed::new(Registered::Nowhere);
    followed.swap(0, &issued(&authority(), 2));
    followed.follow();
    within_ten_seconds(|| followed.presented().is_some()).await;
    within_ten_seconds(|| !followed.desk.readiness.ready()).await;
    followed.swap(1, &issued(&authority(), 600));
    within_ten_seconds(|| followed.desk.readiness.ready()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_webhooks_do_not_trust_yet_is_not_presented() {
    let (old, new) = (authority(), authority());
    let mut followed = Followed::new(Registered::Unknown);
    followed.swap(0, &issued(&old, 600));
    followed.follow();
    // The authority is told first; until webhooks hold it, nobody is sent here.
    within_ten_seconds(|| followed.desk.trust.borrow().covers(&trust_in(&old))).await;
    assert!(!followed.desk.readiness.ready());
    followed.registered.send_replace(Registered::With(trust_in(&old)));
    within_ten_seconds(|| followed.desk.readiness.ready()).await;
    let first = followed.presented();

    followed.swap(1, &issued(&new, 600));
    within_ten_seconds(|| followed.desk.trust.borrow().covers(&trust_in(&new))).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(followed.presented(), first, "presented before it is trusted");
    let mut both = trust_in(&old);
    both.extend(&trust_in(&new));
    followed.registered.send_replace(Registered::With(both));
    within_ten_seconds(|| followed.presented() != first).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_its_authority_did_not_sign_is_not_used() {
    let mut followed = Followed::new(Registered::Nowhere);
    let good = issued(&authority(), 600);
    followed.swap(0, &good);
    followed.follow();
    within_ten_seconds(|| followed.desk.readiness.ready()).await;
    let first = followed.presented();
    let [certificate, key, _] = issued(&authority(), 600);
    followed.swap(1, &[certificate, key, good[2].clone()]);
    within_ten_seconds(|| followed.has("pillion_certificate_stale 1")).await;
    assert_eq!(followed.presented(), first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn istios_mounted_certificate_comes_first_and_its_authority_issues_one_otherwise() {
    let root = tempfile::tempdir().unwrap();
    let followed = Followed::new(Registered::Nowhere);
    let authority = authority();
    let cacerts = root.path().join("etc/cacerts");
    let plan = istio::Plan {
        root: root.path().to_owned(),
        authority: cacerts.clone(),
        names: vec!["pillion.mesh.svc".into()],
        addresses: Vec::new(),
        lifetime: Duration::from_secs(600),
    };
    write(&cacerts, "ca-cert.pem", authority.certificate_pem());
    write(&cacerts, "ca-key.pem", authority.key_pem());
    let follower = tokio::spawn(istio::follow(plan.clone(), Keeper::new(followed.desk.clone())));
    within_ten_seconds(|| followed.desk.readiness.ready()).await;
    assert_eq!(*followed.desk.trust.borrow(), trust_in(&authority));
    follower.abort();

    let tls = root.path().join("var/run/secrets/istiod/tls");
    for (name, text) in issued(&authority, 300) {
        write(&tls, name, &text);
    }
    let issued_by_us = followed.presented();
    let follower = tokio::spawn(istio::follow(plan, Keeper::new(followed.desk.clone())));
    within_ten_seconds(|| followed.presented() != issued_by_us).await;
    follower.abort();
}

fn write(directory: &Path, name: &str, text: &str) {
    std::fs::create_dir_all(directory).unwrap();
    std::fs::write(directory.join(name), text).unwrap();
}

#[test]
fn files_that_are_no_pair_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let (certificate, key) = pair();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (crt, private) = (write("tls.crt", &certificate), write("tls.key", &key));
    assert!(Identity::load(&crt, &private).is_ok());
    let cases = [
        (crt.clone(), write("other.key", &pair().1), "is not the private key of"),
        (write("empty.crt", ""), private.clone(), "holds no certificate"),
        (crt, write("empty.key", "x"), "holds no private key"),
        (dir.path().join("missing"), private.clone(), "cannot read"),
        (write("bad.crt", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"), private, "not PEM"),
    ];
    for (certificate, key, said) in cases {
        let error = Identity::load(&certificate, &key).unwrap_err().to_string();
        assert!(error.contains(said), "{said} in {error}");
    }
}
