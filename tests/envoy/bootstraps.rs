//! Every bootstrap that the profile can make is one that Envoy accepts: combinations of annotations are drawn from the
//! profile's own declarations, each at its edges and between them, rendered by the engine, and given to
//! `envoy --mode validate`. `PILLION_BOOTSTRAPS` says how many, `PILLION_SEED` which. Never: traffic.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use pillion_chance::Rng;
use pillion_core::config::declared::{Kind, Row};
use pillion_core::config::{Cluster, NativeSidecars, Settings, Snapshot};
use pillion_core::inject::{Request, Verdict, inject};
use pillion_govalue::{Map, Value, json, parse};

/// How many are tried where nobody says.
const MANY: usize = 240;

/// The least, the most, or something between.
fn between(rng: &mut Rng, least: i64, most: i64) -> i64 {
    match rng.below(4) {
        0 => least,
        1 => most,
        _ => least + i64::try_from(rng.draw() >> 1).unwrap() % (most - least + 1),
    }
}

/// A value that a kind takes.
fn value_of(kind: &Kind, rng: &mut Rng) -> Value<'static> {
    match kind {
        Kind::Bool => Value::Bool(rng.one_in(2)),
        Kind::Int { least, most } => Value::Int(between(rng, *least, *most)),
        Kind::Port => Value::Int(between(rng, 1, 65535)),
        Kind::Percent => Value::from(format!("{}%", between(rng, 0, 100))),
        Kind::Ports => {
            let item = |rng: &mut Rng| {
                let from = between(rng, 1, 65535);
                if rng.one_in(2) { from.to_string() } else { format!("{from}-{}", between(rng, from, 65535)) }
            };
            let items: Vec<String> = (0..rng.below(4)).map(|_| item(rng)).collect();
            Value::from(items.join(","))
        }
        Kind::Networks => {
            let all = ["10.0.0.0/8", "192.168.7.0/24", "fd00::/8", "0.0.0.0/0", "10.1.2.3/32"];
            let items: Vec<&str> = all.into_iter().filter(|_| rng.one_in(3)).collect();
            Value::from(items.join(", "))
        }
        Kind::Duration { least, most } => Value::from(format!("{}ns", between(rng, *least, *most))),
        Kind::Quantity => Value::from(["100m", "1", "0.5", "128Mi", "2Gi"][rng.below(5)]),
        Kind::Enum(words) => Value::from(words[rng.below(words.len())].clone()),
        Kind::Pattern { form, called } => {
            let text = format!("x{}", rng.draw() % 1_000_000_007);
            assert!(form.is_match(&text), "{called}: the generator makes {text:?}");
            Value::from(text)
        }
        Kind::List { of, most, .. } => {
            let items = rng.below((*most).min(5)) + 1;
            Value::list((0..items).map(|_| value_of(of, rng)).collect())
        }
        Kind::Object(members) => {
            let mut object = Map::new();
            for member in members {
                if member.required || rng.one_in(2) {
                    object.insert(member.name.clone(), value_of(&member.kind, rng));
                }
            }
            Value::map(object)
        }
    }
}

/// A value as an annotation has it; JSON is YAML too.
fn text_of(value: &Value<'static>) -> String {
    value.as_str().map_or_else(|| json::to_string(value, json::PLAIN), str::to_owned)
}

/// Some annotations, each of which the profile takes.
fn annotations(rows: &[Row], rng: &mut Rng) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for row in rows {
        if rng.one_in(2) {
            let text = text_of(&value_of(&row.kind, rng));
            // Two upstreams of one name are drawn once in a while.
            if row.problem(&text).is_none() {
                all.insert(row.name.clone(), text);
            }
        }
    }
    all
}

fn pod(annotations: &BTreeMap<String, String>, rng: &mut Rng) -> String {
    let owned = if rng.one_in(2) {
        r#","ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-1","uid":"6f1c","controller":true}]"#
    } else {
        ""
    };
    let grace = ["", r#""terminationGracePeriodSeconds":3,"#, r#""terminationGracePeriodSeconds":600,"#];
    let probes =
        ["", r#","readinessProbe":{"tcpSocket":{"port":"web"}},"livenessProbe":{"tcpSocket":{"port":9000}}"#];
    let mut written = String::new();
    for (name, value) in annotations {
        let comma = if written.is_empty() { "" } else { "," };
        let text = |text: &str| json::to_string(&Value::from(text.to_owned()), json::PLAIN);
        write!(written, "{comma}{}:{}", text(name), text(value)).unwrap();
    }
    format!(
        r#"{{"metadata":{{"name":"web","annotations":{{{written}}}{owned}}},"spec":{{{}"containers":[{{"name":"app",
        "image":"app:1","ports":[{{"name":"web","containerPort":8080}}]{}}}]}}}}"#,
        grace[rng.below(3)],
        probes[rng.below(2)],
    )
}

/// The arguments of an injected container.
fn arguments(pod: &Value<'_>, container: &str) -> Option<Vec<String>> {
    let all = ["containers", "initContainers"].into_iter().filter_map(|list| pod.at(&["spec", list]));
    let mut all = all.flat_map(|list| list.as_list().unwrap_or_default());
    let found = all.find(|c| c.get("name").and_then(Value::as_str) == Some(container))?;
    let args = found.get("args").and_then(Value::as_list)?;
    Some(args.iter().map(|arg| arg.as_str().unwrap().to_owned()).collect())
}

/// The rules that the program makes of the redirect's arguments, or what it says against them.
fn rules(arguments: &[String]) -> Result<String, String> {
    let program = env!("CARGO_BIN_EXE_pillion");
    let output = Command::new(program).args(arguments).arg("--dry-run").output().unwrap();
    let [rules, said] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    if output.status.success() && rules.contains("redirect to :") {
        Ok(rules)
    } else {
        Err(format!("{arguments:?}: {said}{rules}"))
    }
}

/// Tries one combination; says what is wrong with it.
fn tried(snapshots: &[Snapshot; 2], seed: u64) -> Result<bool, String> {
    let mut rng = Rng::new(seed);
    let snapshot = &snapshots[rng.below(2)];
    let annotations = annotations(snapshot.declared.rows(), &mut rng);
    let text = pod(&annotations, &mut rng);
    let place = |what: String| format!("seed {seed}: {what}\n{text}");
    let pod = parse(text.as_bytes()).map_err(|error| place(error.to_string()))?;
    let request = Request { pod, namespace: "shop", path: "/inject", owner: None, now: None };
    let outcome = inject(snapshot, &request, &mut ()).map_err(|error| place(error.to_string()))?;
    if outcome.verdict != Verdict::Injected || !outcome.warnings.is_empty() {
        return Err(place(format!("{:?} {:?}", outcome.reason, outcome.warnings)));
    }
    let envoy = arguments(&outcome.pod, "envoy").ok_or_else(|| place("no envoy".to_owned()))?;
    let output = Command::new(super::envoy()).args(["--mode", "validate"]).args(&envoy).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() || told.contains("eprecated") {
        return Err(place(format!("{told}\n{}", envoy.last().unwrap())));
    }
    let redirect = arguments(&outcome.pod, "pillion-redirect");
    let wanted = annotations.get("pillion.dev/redirect").is_none_or(|mode| mode == "init");
    if redirect.is_some() != wanted {
        return Err(place("the redirect is there or not, against what the annotation says".to_owned()));
    }
    match redirect {
        Some(arguments) => rules(&arguments).map(|_| true).map_err(place),
        None => Ok(false),
    }
}

#[test]
fn envoy_accepts_every_bootstrap_that_annotations_can_make() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let many = number("PILLION_BOOTSTRAPS").map_or(MANY, |many| usize::try_from(many).unwrap());
    let first = number("PILLION_SEED").unwrap_or(8) << 32;
    let snapshots = [NativeSidecars::False, NativeSidecars::True].map(|native| {
        let settings = Settings { native_sidecars: native, ..Settings::default() };
        pillion::source::embedded::build(settings, Cluster::default()).unwrap().snapshot
    });
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= many {
                return done;
            }
            done.push(tried(&snapshots, first + u64::try_from(at).unwrap()));
        }
    };
    let threads = thread::available_parallelism().map_or(2, Into::into);
    let done: Vec<_> = thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        all.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let faults: Vec<&String> = done.iter().filter_map(|done| done.as_ref().err()).collect();
    let redirects = done.iter().filter(|done| matches!(done, Ok(true))).count();
    println!("bootstraps: {}/{many} accepted", done.len() - faults.len());
    println!("redirects: {redirects} whose arguments `pillion redirect` makes rules of");
    assert_eq!(done.len(), many);
    assert!(faults.is_empty(), "{} faults, the first:\n{}", faults.len(), faults[0]);
}
