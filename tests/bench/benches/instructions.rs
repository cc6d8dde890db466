//! Instructions of whole answers, counted by gungraun over valgrind: `make bench-instructions`. Counts do not depend on what
//! else the machine does. The pods are the captured one of a Deployment and what is made of it, the configuration that of
//! Istio's newest chart (`PILLION_BENCH_CONFIG`) or the embedded one. Never: the transport, or time.

#![allow(clippy::expect_used, missing_docs, reason = "a bench without its input measures nothing")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;

use gungraun::prelude::*;
use pillion::Capacity;
use pillion::engine::{Engine, Preview, Reply};
use pillion::review;
use pillion::source::{self, Origin};
use pillion::telemetry::Metrics;
use pillion_core::config::{Settings, Snapshot};
use pillion_core::inject::{self, InjectError, Outcome, Request, Step, Trace};
use pillion_govalue::{Value, parse};

const BODY: &str = include_str!("../reviews/deployment.json");
/// The workload's name, everywhere in the body.
const NAME: &str = "shop-deployment";
/// The uid of the request.
const UID: &str = "0def3d71-6c1f-4750-853f-8a273fc302cd";
/// Environment variables of the large pod.
const VARIABLES: u32 = 1500;
/// Pods that were answered before: templates are folded, blocks of YAML known.
const BEFORE: u32 = 20;

fn snapshot() -> Snapshot {
    let directory =
        std::env::var_os("PILLION_BENCH_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from);
    let texts = directory.map_or(Origin::Embedded, Origin::Directory).read().expect("a configuration");
    source::build(&texts, Settings::default()).expect("a configuration that is taken").snapshot
}

/// The body of a pod of another workload.
fn distinct(number: u32) -> String {
    BODY.replace(NAME, &format!("{NAME}{number:06}"))
}

/// The same pod, made once more.
fn replica(number: u32) -> String {
    BODY.replace(UID, &format!("0def3d71-6c1f-4750-853f-{number:012}"))
}

/// A pod of another workload that wants no sidecar.
fn skipped(number: u32) -> String {
    let labels = r#""labels":{"app""#;
    distinct(number).replacen(labels, r#""labels":{"sidecar.istio.io/inject":"false","app""#, 1)
}

/// A pod of another workload with many environment variables, of which managedFields know too.
fn large(number: u32) -> String {
    let (mut env, mut managed) = (String::from(r#""env":["#), String::from(r#""f:env":{".":{},"#));
    for at in 0..VARIABLES {
        let own = u64::from(number) << 32 | u64::from(at).wrapping_mul(0x9e37_79b9);
        let _ = write!(env, r#"{{"name":"SETTING_{at:04}","value":"value-{own:x}-of-the-service"}},"#);
        let _ = write!(
            managed,
            r#""k:{{\"name\":\"SETTING_{at:04}\"}}":{{".":{{}},"f:name":{{}},"f:value":{{}}}},"#
        );
    }
    distinct(number).replacen(r#""env":["#, &env, 1).replacen(r#""f:env":{".":{},"#, &managed, 1)
}

/// An engine that has answered, and the next body.
struct Asked {
    engine: Arc<Engine>,
    body: String,
}

fn asked(body: fn(u32) -> String, capacity: Capacity) -> Asked {
    let engine = Engine::with_memo(Arc::new(Metrics::new("default")), capacity);
    engine.replace(snapshot());
    for number in 0..BEFORE {
        let (reply, _) = engine.admit("/inject", body(number).as_bytes(), Preview::No);
        assert!(reply.report.allowed(), "{:?}", reply.report.message);
    }
    Asked { engine, body: body(BEFORE) }
}

fn remembering(body: fn(u32) -> String) -> Asked {
    asked(body, Capacity::default())
}

#[library_benchmark]
#[bench::distinct(remembering(distinct))]
#[bench::distinct_large(remembering(large))]
#[bench::distinct_skipped(remembering(skipped))]
#[bench::remembered(remembering(replica))]
#[bench::not_remembered(asked(replica, Capacity::Off))]
fn answer(asked: Asked) -> (Asked, Reply) {
    let (reply, _) = asked.engine.admit("/inject", black_box(asked.body.as_bytes()), Preview::No);
    (asked, reply)
}

/// A pod for the core alone.
struct Ready {
    snapshot: Snapshot,
    request: Request<'static>,
}

fn ready(body: fn(u32) -> String) -> Ready {
    let snapshot = snapshot();
    let request = |number| {
        let body = body(number);
        let review = review::decode(body.as_bytes()).expect("a review").request.expect("a request");
        let review::Object::Text(object) = review.object else {
            unreachable!("decode leaves the object as text")
        };
        let pod: Value<'static> = parse(object.as_bytes()).expect("a pod").into_owned();
        Request { pod, namespace: "test-0", path: "/inject", owner: None, now: Some(0) }
    };
    for number in 0..BEFORE {
        inject::inject(&snapshot, &request(number), &mut ()).expect("an injected pod");
    }
    let request = request(BEFORE);
    Ready { snapshot, request }
}

/// Is told every step, and does nothing with it.
struct Deaf;

impl Trace for Deaf {
    #[inline(never)]
    fn step(&mut self, step: Step<'_>) {
        black_box(&step);
    }
}

type Injected = (Ready, Result<Outcome<'static>, InjectError>);

// As no one listens: what requests cost.
#[library_benchmark]
#[bench::distinct(ready(distinct))]
#[bench::distinct_large(ready(large))]
#[bench::distinct_skipped(ready(skipped))]
fn not_explained(ready: Ready) -> Injected {
    let outcome = inject::inject(&ready.snapshot, black_box(&ready.request), &mut ());
    (ready, outcome)
}

// Every step is made and handed over by a call that is not inlined. Without the hooks an injection could only take
// fewer instructions than `not_explained`, and that takes fewer than this: what lies between is the most they can cost.
#[library_benchmark]
#[bench::distinct(ready(distinct))]
#[bench::distinct_large(ready(large))]
#[bench::distinct_skipped(ready(skipped))]
fn every_step_told(ready: Ready) -> Injected {
    let outcome = inject::inject(&ready.snapshot, black_box(&ready.request), &mut Deaf);
    (ready, outcome)
}

library_benchmark_group!(name = whole, benchmarks = answer);
library_benchmark_group!(
    name = explaining,
    compare_by_id = true,
    benchmarks = [not_explained, every_step_told]
);
main!(
    config = LibraryBenchmarkConfig::default().pass_through_env("PILLION_BENCH_CONFIG"),
    library_benchmark_groups = [whole, explaining]
);
