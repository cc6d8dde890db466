//! Values over the Envoy profile's own, as a watch finds them while the webhook runs: taken, changed, refused, taken away.
//! Never: a cluster (tests/e2e has one), and what is refused in which words (unit tests hold that).

use std::collections::BTreeMap;
use std::sync::Arc;

use pillion::engine::{Engine, Preview};
use pillion::source::configmap::{Found, Part, State};
use pillion::source::reload::Reloader;
use pillion::source::{Origin, Status};
use pillion::telemetry::Metrics;
use pillion_core::config::Settings;

use crate::support::{POD, review};

/// The image of the profile.
const OWN: &str = "envoyproxy/envoy:";

/// A cluster as watches have found it so far, and the engine that serves from it.
struct Followed {
    found: Arc<Found>,
    engine: Arc<Engine>,
    status: Arc<Status>,
    reloader: Reloader,
}

impl Followed {
    fn start() -> Self {
        let found = Arc::new(Found::new(State { values: Part::Awaited(None), ..State::default() }));
        let engine = Engine::new(Arc::new(Metrics::new("default")));
        let origin = Origin::Embedded.in_cluster("own", "default");
        let status = Arc::new(Status::new(&origin));
        let read = origin.reader(Some(Arc::clone(&found)));
        let reloader = Reloader::new(read, Settings::default(), Arc::clone(&engine), Arc::clone(&status));
        Self { found, engine, status, reloader }
    }

    /// What the ConfigMap has from now on; `None` where it is not there.
    fn becomes(&mut self, values: Option<&str>) {
        let data = |text: &str| BTreeMap::from([("values".to_owned(), text.to_owned())]);
        let part = values.map_or(Part::Missing, |text| Part::There(data(text)));
        self.found.update(|state| &mut state.values, |_| Some(part));
        self.reloader.look();
    }

    fn injected(&self) -> String {
        let (reply, _) = self.engine.admit("/inject", review(POD).as_bytes(), Preview::Pod);
        String::from_utf8(reply.body).unwrap()
    }

    fn generation(&self) -> Option<u64> {
        self.engine.generation().map(|generation| generation.number)
    }
}

#[test]
fn values_of_a_configmap_are_followed_and_forgotten_when_it_goes() {
    let mut followed = Followed::start();
    followed.reloader.look();
    assert_eq!(followed.generation(), None, "whether there are some is not known yet");
    followed.becomes(None);
    assert!(followed.injected().contains(OWN), "{}", followed.injected());
    let plain = followed.status.fingerprint();
    followed.becomes(Some("envoy: {image: 'r.example/envoy:1'}"));
    assert!(followed.injected().contains("r.example/envoy:1") && !followed.injected().contains(OWN));
    assert_ne!(followed.status.fingerprint(), plain);
    followed.becomes(Some("redirect: {mode: none}"));
    assert!(followed.injected().contains(OWN) && !followed.injected().contains("pillion-redirect"));
    followed.becomes(None);
    assert!(followed.injected().contains("pillion-redirect"));
    assert_eq!(followed.status.fingerprint(), plain, "as if it had never been there");
    assert_eq!(followed.status.fault(), None);
}

#[test]
fn bad_values_leave_the_last_good_ones_and_are_told() {
    let mut followed = Followed::start();
    followed.becomes(Some("envoy: {image: 'r.example/envoy:1'}"));
    for (bad, said) in [
        ("envoy: {image: 'r.example/envoy:2', imgae: x}", "is envoy.image meant?"),
        ("envoy: {image: [", "line 2"),
        ("envoy: {image: 'r.example/envoy:2', logLevel: loud}", "\"loud\" is none"),
        ("redirect: {resources: {requests: {cpu: lots}}}", "is refused under this configuration"),
    ] {
        followed.becomes(Some(bad));
        let fault = followed.status.fault().unwrap_or_default();
        assert!(fault.starts_with("ConfigMap own/pillion-envoy, key values"), "{fault}");
        assert!(fault.contains(said), "{fault}");
        assert!(followed.injected().contains("r.example/envoy:1"), "{bad}");
        assert_eq!(followed.generation(), Some(1), "{bad}");
    }
    followed.becomes(Some("envoy: {image: 'r.example/envoy:3'}"));
    assert!(followed.injected().contains("r.example/envoy:3"));
    assert_eq!(followed.status.fault(), None);
}

/// As with Istio's ConfigMaps: the wrong sidecar is worse than none, so nothing else is put in their place.
#[test]
fn bad_values_at_the_start_are_no_reason_to_use_the_profile_alone() {
    let mut followed = Followed::start();
    followed.becomes(Some("envoy: {imgae: x}"));
    assert_eq!(followed.generation(), None);
    assert!(followed.status.fault().is_some_and(|fault| fault.contains("envoy.imgae")));
    followed.becomes(Some("envoy: {image: 'r.example/envoy:1'}"));
    assert!(followed.injected().contains("r.example/envoy:1"));
}
