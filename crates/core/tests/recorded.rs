//! Holds the core against answers of Istio's injector that the comparison wrote down (`tests/conformance/run.sh --record
//! DIR`, named by `PILLION_RECORDED`): the same pods, without asking Istio again. For mutants of the core, which are many.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test says what is wrong by panicking"
)]

use std::path::PathBuf;

use pillion_core::config::{Cluster, NativeSidecars, Platform, Settings, Snapshot, Source, Sources};
use pillion_core::inject::{Request, Verdict, inject};
use pillion_govalue::encode::go_json;
use pillion_govalue::types::KNOWN;
use serde_json::Value;

/// A file with so many wrong answers is the last one; so many are shown.
const SHOWN: usize = 5;

#[test]
fn recorded_pods_are_answered_as_istio_answered_them() {
    let folder = std::env::var_os("PILLION_RECORDED").map(PathBuf::from);
    let folder =
        folder.unwrap_or_else(|| panic!("PILLION_RECORDED names no folder: `make mutants` makes one"));
    let (mut pods, mut wrong) = (0, vec![]);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let recorded = files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "jsonl"));
    for file in recorded {
        // One wrong answer is enough to tell; some more show what they have in common.
        if wrong.len() >= SHOWN {
            break;
        }
        let text = std::fs::read_to_string(file).unwrap();
        let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let Some(configuration) = lines.next() else { continue };
        let snapshot = snapshot(&configuration);
        for row in lines {
            pods += 1;
            if let Some(what) = wrong_with(&snapshot, &row) {
                wrong.push(format!("{} {}: {what}", file.display(), row["name"]));
            }
        }
    }
    println!("recorded: {} of {pods} as Istio", pods - wrong.len());
    assert!(wrong.is_empty(), "{}", wrong[..wrong.len().min(SHOWN)].join("\n"));
    assert!(pods > 0, "{} holds no pods", folder.display());
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn snapshot(configuration: &Value) -> Snapshot {
    let env = |key: &str| configuration["env"][key].as_str();
    let platform = match env("PLATFORM") {
        Some("openshift") => Platform::OpenShift,
        Some("gcp") => Platform::Gcp,
        _ => Platform::None,
    };
    let settings = Settings {
        compat: Some(text(configuration, "release").parse().unwrap()),
        revision: text(configuration, "revision").to_owned(),
        native_sidecars: NativeSidecars::parse(env("ENABLE_NATIVE_SIDECARS")),
        cluster_id: env("CLUSTER_ID").unwrap_or_default().to_owned(),
        compliance_policy: env("COMPLIANCE_POLICY").unwrap_or_default().to_owned(),
        platform,
        env: serde_json::from_value(configuration["env"].clone()).unwrap(),
        ..Settings::default()
    };
    let resources = text(configuration, "proxyConfigs");
    let resources = resources.split("\n---\n").filter(|document| !document.trim().is_empty());
    let sources = Sources {
        injector: Source { name: "config", text: text(configuration, "config") },
        values: Source { name: "values", text: text(configuration, "values") },
        mesh: configuration["mesh"].as_str().map(|text| Source { name: "mesh", text }),
        shared_mesh: None,
        proxy_configs: resources.map(|text| Source { name: "proxyconfigs", text }).collect(),
        annotations: None,
    };
    // As the comparison has it: the one row of the table where Istio, in every release, does what nobody wants.
    let like_istio = |gates: &mut pillion_core::config::Gates| gates.overrides_survive = false;
    Snapshot::build_with(&sources, settings, Cluster::default(), like_istio).unwrap().snapshot
}

/// What is wrong with the answer to one pod.
fn wrong_with(snapshot: &Snapshot, row: &Value) -> Option<String> {
    let pod = row["pod"].to_string();
    let pod = pillion_govalue::parse(pod.as_bytes()).unwrap();
    // The query is none of the core's business, and no escape is in the paths that are recorded.
    let path = text(row, "path").split('?').next().unwrap_or_default();
    let request = Request { pod, namespace: text(row, "namespace"), path, owner: None, now: Some(0) };
    let answer = &row["answer"];
    match inject(snapshot, &request, &mut ()) {
        Err(error) if answer["refused"] == error.to_string() => None,
        Err(error) => Some(format!("refused: {error}")),
        Ok(outcome) if outcome.verdict == Verdict::Skipped => {
            (answer["skipped"] != true).then(|| format!("skipped: {}", outcome.reason))
        }
        Ok(outcome) => {
            let applied = pillion_kubepatch::apply(&request.pod, &outcome.patch).unwrap();
            if applied != outcome.pod {
                return Some("the patch makes another pod".to_owned());
            }
            let written = go_json(&outcome.pod, KNOWN.pod).unwrap();
            let mut got = without_nulls(serde_json::from_str(&written).unwrap());
            if let Some(metadata) = got["metadata"].as_object_mut() {
                metadata.remove("managedFields");
            }
            (got != answer["injected"]).then(|| format!("injected otherwise: {got}"))
        }
    }
}

/// The same without null members, which to Go are not there.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            members.into_iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k, without_nulls(v))).collect()
        }
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}
