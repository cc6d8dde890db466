//! AdmissionReviews: both ways of reading one agree, and whatever is posted is answered by a review that says why, remembered
//! or not, whose patch applies to the bytes that were sent.

use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pillion::Capacity;
use pillion::engine::{Engine, Preview, Reply};
use pillion::review::{self, Answer, Object, Review};
use pillion::source::embedded;
use pillion::telemetry::Metrics;
use pillion_core::config::{Cluster, NativeSidecars, Settings, Snapshot, Source, Sources};
use pillion_core::inject::{Reason, Verdict};
use serde_json::Value;

use super::{first_line, shown};

/// Reading a review with its object, and reading it while the object stays text, come to the same.
pub fn decode(bytes: &[u8]) {
    let (whole, apart) = (review::read(bytes), review::decode(bytes));
    match (&whole, &apart) {
        (Ok(whole), Ok(apart)) => {
            assert_eq!(outside(whole), outside(apart));
        }
        (Err(whole), Err(apart)) => assert_eq!(whole.to_string(), apart.to_string()),
        (whole, apart) => panic!("together {}, apart {}", whole.is_ok(), apart.is_ok()),
    }
    if let (Ok(Review { version, request: Some(one) }), Ok(Review { request: Some(other), .. })) =
        (whole, apart)
    {
        let (uid, version) = (one.uid.to_string(), Some(version));
        let value = |object: Object<'_>| object.value().map(|value| shown(&value)).map_err(|e| e.to_string());
        assert_eq!(value(one.object), value(other.object), "the object");
        let answer = Answer { message: Some(&uid), ..Answer::default() };
        let written: Value = serde_json::from_slice(&review::encode(version, &uid, &answer)).unwrap();
        assert_eq!(written["response"]["uid"], Value::from(uid.as_str()));
        assert_eq!(written["response"]["status"]["message"], Value::from(uid));
    }
}

/// All that was read of a review but its object.
fn outside(review: &Review<'_>) -> String {
    let request = review.request.as_ref().map(|request| {
        let absent = matches!(request.object, Object::Absent);
        (
            request.uid.to_string(),
            request.name.to_string(),
            request.namespace.to_string(),
            request.dry_run,
            absent,
        )
    });
    format!("{:?} {request:?}", review.version)
}

/// A path, and behind the first line's end what is posted to it.
pub fn whole_path(bytes: &[u8]) {
    let (path, body) = first_line(bytes);
    let path = String::from_utf8_lossy(path);
    for engines in ENGINES.iter() {
        engines.held_to(&path, body);
    }
}

/// Two engines under one configuration: one remembers answers, the other does not.
struct Engines {
    remembers: Arc<Engine>,
    works_out: Arc<Engine>,
}

impl Engines {
    fn new(snapshot: &Snapshot) -> Self {
        let engine = |capacity| {
            let engine = Engine::with_memo(Arc::new(Metrics::new("default")), capacity);
            engine.replace(snapshot.clone());
            engine
        };
        Self { remembers: engine(Capacity::default()), works_out: engine(Capacity::Off) }
    }

    fn held_to(&self, path: &str, body: &[u8]) {
        let (want, _) = self.works_out.admit(path, body, Preview::No);
        answered(&want, body);
        // An answer is remembered when it is seen for the second time, and recalled the third.
        for _ in 0..3 {
            let (got, _) = self.remembers.admit(path, body, Preview::No);
            assert_eq!(
                String::from_utf8_lossy(&got.body),
                String::from_utf8_lossy(&want.body),
                "from memory"
            );
        }
        let (seen, _) = self.works_out.admit(path, body, Preview::Pod);
        assert_eq!(seen.report.reason, want.report.reason, "shown to people");
    }
}

/// What every answer owes.
fn answered(reply: &Reply, body: &[u8]) {
    let reason = reply.report.reason;
    assert_ne!(reason, Reason::Internal, "{:?}", reply.report.message);
    let answer: Value = serde_json::from_slice(&reply.body).unwrap();
    let response = &answer["response"];
    let refused = reason.verdict() == Verdict::Refused;
    assert_eq!(response["allowed"].as_bool(), Some(!refused), "{answer}");
    assert_eq!(refused, reply.report.message.as_ref().is_some_and(|message| !message.is_empty()), "{answer}");
    let Some(patch) = response["patch"].as_str() else {
        assert_ne!(reason.verdict(), Verdict::Injected, "{answer}");
        return;
    };
    let patch: json_patch::Patch = serde_json::from_slice(&STANDARD.decode(patch).unwrap()).unwrap();
    let mut sent: Value = match serde_json::from_slice(body) {
        Ok(sent) => sent,
        // Half of a surrogate pair beside the pod is nobody's concern, but no tree of serde_json's holds one.
        Err(error) => {
            let escaped = body.windows(3).any(|three| three.eq_ignore_ascii_case(br"\ud"));
            return assert!(escaped, "{error}");
        }
    };
    json_patch::patch(&mut sent["request"]["object"], &patch)
        .unwrap_or_else(|error| panic!("{error}: {patch:?}"));
}

/// A configuration as Istio's chart makes them, in short: what its templates ask for, this one asks for.
const LIKE_ISTIO: [&str; 3] = [
    include_str!("../../like-istio/config.yaml"),
    include_str!("../../like-istio/values.yaml"),
    include_str!("../../like-istio/mesh.yaml"),
];

/// The snapshot of that configuration.
pub(super) fn like_istio(native_sidecars: NativeSidecars) -> Snapshot {
    let [config, values, mesh] = LIKE_ISTIO;
    let sources = Sources {
        injector: Source { name: "config", text: config },
        values: Source { name: "values", text: values },
        mesh: Some(Source { name: "mesh", text: mesh }),
        shared_mesh: None,
        proxy_configs: Vec::new(),
        annotations: None,
    };
    let settings = Settings { native_sidecars, ..Settings::default() };
    Snapshot::build(&sources, settings, Cluster::default()).unwrap().snapshot
}

/// That of the profile in the program.
pub(super) fn profile() -> Snapshot {
    embedded::build(Settings::default(), Cluster::default()).unwrap().snapshot
}

static ENGINES: LazyLock<[Engines; 3]> = LazyLock::new(|| {
    [profile(), like_istio(NativeSidecars::False), like_istio(NativeSidecars::True)]
        .map(|it| Engines::new(&it))
});
