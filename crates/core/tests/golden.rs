//! The golden cases of `tests/golden` through the core alone: those that need no argument and no variable. The program's own
//! test runs them all; this one is for whoever changes the core, and for its mutants.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use pillion_core::config::{Cluster, Settings, Snapshot, Source, Sources};
use pillion_core::inject::{InjectError, Request, Verdict, inject};
use pillion_core::manifest::{self, PodDoc};
use pillion_govalue::Value;

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn snapshot(folder: &Path) -> Snapshot {
    let text = |name: &str| fs::read_to_string(folder.join(name)).ok();
    let texts = ["config", "values", "mesh", "annotations"].map(text);
    let [config, values, mesh, annotations] = &texts;
    let source = |name, text: &'static str| Source { name, text };
    let kept = |text: &Option<String>| text.clone().map(|text| &*text.leak());
    let sources = Sources {
        injector: source("config", kept(config).unwrap()),
        values: source("values", kept(values).unwrap()),
        mesh: kept(mesh).map(|text| source("mesh", text)),
        shared_mesh: None,
        proxy_configs: Vec::new(),
        annotations: kept(annotations).map(|text| source("annotations", text)),
    };
    Snapshot::build(&sources, Settings::default(), Cluster::default()).unwrap().snapshot
}

fn injected(snapshot: &Snapshot, doc: &PodDoc<'_>) -> Result<Option<Value<'static>>, InjectError> {
    let namespace = if doc.namespace.is_empty() { "default" } else { &doc.namespace };
    let (pod, owner) = (doc.pod.clone(), doc.owner.clone());
    let request = Request { pod, namespace, path: "/inject", owner, now: Some(0) };
    let outcome = inject(snapshot, &request, &mut ())?;
    Ok((outcome.verdict == Verdict::Injected).then(|| outcome.pod.into_owned()))
}

#[test]
fn each_case_becomes_what_is_expected() {
    let profile = snapshot(&repository("profiles/envoy"));
    let mut cases = 0;
    for entry in fs::read_dir(repository("tests/golden")).unwrap() {
        let case = entry.unwrap().path();
        if !case.is_dir() || case.join("args").exists() || case.join("env").exists() {
            continue;
        }
        cases += 1;
        let own = case.join("conf").is_dir().then(|| snapshot(&case.join("conf")));
        let (snapshot, input) =
            (own.as_ref().unwrap_or(&profile), fs::read_to_string(case.join("input.yaml")).unwrap());
        let done = manifest::inject("input.yaml", &input, |doc| injected(snapshot, doc));
        let done = done.unwrap_or_else(|error| panic!("{}: {error}", case.display()));
        let expected = fs::read_to_string(case.join("expected.yaml")).unwrap();
        assert_eq!(done.text, expected, "{}", case.display());
    }
    assert!(cases >= 6, "{cases} cases");
}
