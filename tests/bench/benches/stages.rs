//! What the stages of one answer cost, by Criterion: `make bench-stages`. The pod is the captured one of a Deployment, the
//! configuration that of Istio's newest chart (`PILLION_BENCH_CONFIG`) or the embedded one. Never: the transport.

#![allow(clippy::expect_used, missing_docs, reason = "a bench without its input measures nothing")]

use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use pillion::Capacity;
use pillion::engine::{Engine, Preview};
use pillion::review;
use pillion::source::{self, Origin};
use pillion::telemetry::Metrics;
use pillion_core::config::{Settings, Snapshot};
use pillion_core::inject::{self, Request, Step, Trace, check};
use pillion_govalue::types::KNOWN;
use pillion_govalue::{Value, parse};

const BODY: &str = include_str!("../reviews/deployment.json");

/// What templates rendered.
struct Texts(Vec<Vec<u8>>);

impl Trace for Texts {
    fn step(&mut self, step: Step<'_>) {
        if let Step::Rendered { text, .. } = step {
            self.0.push(text.to_vec());
        }
    }
}

fn snapshot() -> Snapshot {
    let directory =
        std::env::var_os("PILLION_BENCH_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from);
    let texts = directory.map_or(Origin::Embedded, Origin::Directory).read().expect("a configuration");
    source::build(&texts, Settings::default()).expect("a configuration that is taken").snapshot
}

fn engine(capacity: Capacity) -> Arc<Engine> {
    let engine = Engine::with_memo(Arc::new(Metrics::new("default")), capacity);
    engine.replace(snapshot());
    engine
}

fn stages(criterion: &mut Criterion) {
    let snapshot = snapshot();
    let review = review::decode(BODY.as_bytes()).expect("a review").request.expect("a request");
    let review::Object::Text(object) = review.object else {
        unreachable!("decode leaves the object as text")
    };
    let pod = parse(object.as_bytes()).expect("a pod");
    let request = || Request {
        pod: pod.clone(),
        namespace: &review.namespace,
        path: "/inject",
        owner: None,
        now: Some(0),
    };
    let mut texts = Texts(vec![]);
    let outcome = inject::inject(&snapshot, &request(), &mut texts).expect("an injected pod");
    let overlays: Vec<Value<'_>> =
        texts.0.iter().map(|text| pillion_goyaml::parse_bytes(text).expect("YAML")).collect();
    let patch = pillion_kubepatch::write_patch(&outcome.patch);

    let mut group = criterion.benchmark_group("stages");
    group.bench_function("review and pod", |b| b.iter(|| review::read(black_box(BODY.as_bytes())).is_ok()));
    group.bench_function("pod", |b| b.iter(|| parse(black_box(object.as_bytes())).is_ok()));
    group.bench_function("check", |b| b.iter(|| check::check(black_box(&pod), KNOWN.pod).is_ok()));
    group.bench_function("yaml", |b| {
        b.iter(|| texts.0.iter().all(|text| snapshot.blocks.parse_bytes(black_box(text)).is_ok()));
    });
    group.bench_function("overlay", |b| {
        b.iter(|| overlays.iter().all(|o| pillion_kubepatch::overlay(black_box(&pod), o, KNOWN.pod).is_ok()));
    });
    group.bench_function("diff", |b| {
        b.iter(|| pillion_kubepatch::diff(black_box(&pod), &outcome.pod, KNOWN.pod))
    });
    group.bench_function("patch", |b| b.iter(|| pillion_kubepatch::write_patch(black_box(&outcome.patch))));
    group.bench_function("answer", |b| {
        let answer = review::Answer { allowed: true, patch: Some(&patch), ..review::Answer::default() };
        b.iter(|| review::encode(Some(review::Version::V1), "uid", black_box(&answer)));
    });
    group.bench_function("inject", |b| b.iter(|| inject::inject(&snapshot, &request(), &mut ()).is_ok()));
    group.finish();
}

fn whole(criterion: &mut Criterion) {
    let (works_out, remembers) = (engine(Capacity::Off), engine(Capacity::default()));
    let mut group = criterion.benchmark_group("whole");
    for (name, engine) in [("worked out", works_out), ("remembered", remembers)] {
        group.bench_function(name, |b| {
            b.iter(|| engine.admit("/inject", black_box(BODY.as_bytes()), Preview::No))
        });
    }
    group.finish();
}

criterion_group!(benches, stages, whole);
criterion_main!(benches);
