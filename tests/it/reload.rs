//! Configurations and certificates that change while the webhook runs, written as the kubelet writes them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use pillion::engine::{Engine, Preview};
use pillion::source::reload::Reloader;
use pillion::source::{Origin, Status};
use pillion::telemetry::Metrics;
use pillion::tls::watch::{Files, follow};
use pillion::tls::{Identity, Resolver};
use pillion::watch::Watch;
use pillion_core::config::Settings;

use crate::support::{POD, config, review, swap};

const VALUES: &str = "{}";

/// A directory that is followed, and the engine that serves from it.
struct Followed {
    volume: tempfile::TempDir,
    engine: Arc<Engine>,
    status: Arc<Status>,
    reloader: Option<Reloader>,
}

impl Followed {
    fn start(first: &str) -> Self {
        let volume = tempfile::tempdir().unwrap();
        swap(volume.path(), 0, &[("config", first), ("values", VALUES)]);
        let engine = Engine::new(Arc::new(Metrics::new("default")));
        let origin = Origin::Directory(volume.path().to_owned());
        let status = Arc::new(Status::new(&origin));
        let reloader =
            Reloader::start(origin, Settings::default(), Arc::clone(&engine), Arc::clone(&status)).unwrap();
        Self { volume, engine, status, reloader: Some(reloader) }
    }

    fn change(&mut self, generation: u32, files: &[(&str, &str)]) {
        swap(self.volume.path(), generation, files);
        self.reloader.as_mut().unwrap().look();
    }

    fn injects(&self, image: &str) -> bool {
        let (reply, _) = self.engine.admit("/inject", review(POD).as_bytes(), Preview::Pod);
        String::from_utf8(reply.body).unwrap().contains(image)
    }

    fn has(&self, line: &str) -> bool {
        self.engine.metrics().render().lines().any(|l| l == line)
    }
}

#[test]
fn a_new_configuration_replaces_the_old_one() {
    let mut followed = Followed::start(&config("proxy:1"));
    assert!(followed.injects("proxy:1"));
    followed.change(1, &[("config", &config("proxy:2")), ("values", VALUES)]);
    assert!(followed.injects("proxy:2"));
    assert_eq!(followed.engine.generation().unwrap().number, 2);
    // Nothing new is no new generation.
    followed.change(2, &[("config", &config("proxy:2")), ("values", VALUES)]);
    assert_eq!(followed.engine.generation().unwrap().number, 2);
}

#[test]
fn a_faulty_configuration_leaves_the_old_one_whole_and_is_told_of() {
    let mut followed = Followed::start(&config("proxy:1"));
    let broken =
        config("proxy:2").replace("image: proxy:2", "image: {{ .Nowhere }}\n        args: {{ end }}");
    // The values are good and new: they must not come into use without their templates.
    followed.change(1, &[("config", &broken), ("values", r#"{"global":{"hub":"h"}}"#)]);
    assert!(followed.injects("proxy:1"));
    assert_eq!(followed.engine.generation().unwrap().number, 1);
    let fault = followed.status.fault().unwrap();
    for part in ["config", "sidecar", "line"] {
        assert!(fault.contains(part), "{part} in {fault}");
    }
    assert!(followed.has("pillion_config_stale 1"));

    followed.change(2, &[("config", &config("proxy:3")), ("values", VALUES)]);
    assert!(followed.injects("proxy:3"));
    assert_eq!(followed.status.fault(), None);
    assert!(followed.has("pillion_config_stale 0"));
}

#[test]
fn a_configuration_that_compiles_but_refuses_sample_pods_is_not_taken() {
    let mut followed = Followed::start(&config("proxy:1"));
    let fails = config("proxy:2").replace("image: proxy:2", "image: {{ index (list 1) 5 }}");
    followed.change(1, &[("config", &fails), ("values", VALUES)]);
    assert!(followed.injects("proxy:1"));
    assert!(followed.status.fault().unwrap().contains("refused under this configuration"));
}

#[test]
fn files_that_vanish_leave_the_old_configuration_in_use() {
    let mut followed = Followed::start(&config("proxy:1"));
    let file = followed.volume.path().join("..data/config");
    std::fs::remove_file(&file).unwrap();
    followed.reloader.as_mut().unwrap().look();
    assert!(followed.injects("proxy:1"));
    assert!(followed.status.fault().unwrap().contains("cannot read"));
    std::fs::write(&file, config("proxy:1")).unwrap();
    followed.reloader.as_mut().unwrap().look();
    assert_eq!(followed.status.fault(), None);
}

#[test]
fn a_faulty_configuration_at_the_start_is_an_error() {
    let volume = tempfile::tempdir().unwrap();
    let start = |directory: &Path| {
        let engine = Engine::new(Arc::new(Metrics::new("default")));
        let origin = Origin::Directory(directory.to_owned());
        let status = Arc::new(Status::new(&origin));
        Reloader::start(origin, Settings::default(), engine, status).err().unwrap().to_string()
    };
    assert!(start(volume.path()).contains("cannot read"));
    let broken = config("proxy:1").replace("proxy:1", "{{ if }}");
    swap(volume.path(), 0, &[("config", &broken), ("values", VALUES)]);
    let fault = start(volume.path());
    assert!(fault.contains("sidecar") && fault.contains("line"), "{fault}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn swaps_of_the_kubelets_symlink_are_followed_again_and_again() {
    let mut followed = Followed::start(&config("proxy:0"));
    let watch = Watch::start(vec![followed.volume.path().to_owned()]);
    let follower = tokio::spawn(followed.reloader.take().unwrap().follow(watch));
    for generation in 1..4 {
        let image = format!("proxy:{generation}");
        swap(followed.volume.path(), generation, &[("config", &config(&image)), ("values", VALUES)]);
        within_ten_seconds(|| followed.injects(&image)).await;
    }
    follower.abort();
}

/// A certificate for localhost and its key, as PEM.
fn pair() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificate_and_key_are_exchanged_together_or_not_at_all() {
    let volume = tempfile::tempdir().unwrap();
    let (certificate, key) = pair();
    swap(volume.path(), 0, &[("tls.crt", &certificate), ("tls.key", &key)]);
    let files = Files { certificate: volume.path().join("tls.crt"), key: volume.path().join("tls.key") };
    let first = Identity::load(&files.certificate, &files.key).unwrap();
    let resolver = Arc::new(Resolver::default());
    resolver.set(&first);
    let metrics = Arc::new(Metrics::new("default"));
    let watch = files.watch();
    let follower = tokio::spawn(follow(files, watch, first, Arc::clone(&resolver), Arc::clone(&metrics)));
    let has = |line: &str| metrics.render().lines().any(|l| l == line);

    // A key of another certificate: the old pair stays.
    swap(volume.path(), 1, &[("tls.crt", &certificate), ("tls.key", &pair().1)]);
    within_ten_seconds(|| has("pillion_certificate_stale 1")).await;
    assert!(has("pillion_certificate_reloads_total 0"));

    for generation in 2..4 {
        let (certificate, key) = pair();
        swap(volume.path(), generation, &[("tls.crt", &certificate), ("tls.key", &key)]);
        let reloads = format!("pillion_certificate_reloads_total {}", generation - 1);
        within_ten_seconds(|| has(&reloads) && has("pillion_certificate_stale 0")).await;
    }
    follower.abort();
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

async fn within_ten_seconds(holds: impl Fn() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not within ten seconds");
}
