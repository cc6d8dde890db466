//! Configurations that change while the webhook runs, written as the kubelet writes them.

use std::path::Path;
use std::sync::Arc;

use pillion::engine::{Engine, Preview};
use pillion::source::reload::Reloader;
use pillion::source::{Origin, Status};
use pillion::telemetry::Metrics;
use pillion::watch::Watch;
use pillion_core::config::Settings;

use crate::support::{POD, config, review, swap, within_ten_seconds};

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
        let (settings, read) = (Settings::default(), origin.reader(None));
        let mut reloader = Reloader::new(read, settings, Arc::clone(&engine), Arc::clone(&status));
        reloader.begin().unwrap();
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
fn a_configuration_that_is_emptied_leaves_the_old_one_in_use() {
    let mut followed = Followed::start(&config("proxy:1"));
    for (generation, nothing) in (1..).zip(["", "\n", "# policy: enabled\n", "---\n", "null", "{}"]) {
        followed.change(generation, &[("config", nothing), ("values", VALUES)]);
        assert!(followed.injects("proxy:1"), "{nothing:?}");
        assert!(followed.status.fault().unwrap().contains("config: is empty"), "{nothing:?}");
    }
    // A policy that Istio does not know is somebody's word, and does what it does there.
    followed.change(7, &[("config", "policy: maybe"), ("values", VALUES)]);
    assert!(!followed.injects("proxy:1"));
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
        let mut reloader = Reloader::new(origin.reader(None), Settings::default(), engine, status);
        reloader.begin().unwrap_err().to_string()
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
