//! The Kustomize base and overlays: what is committed is what the chart makes, and an API server takes it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::objects::check;
use crate::support::{dry_run, objects, plane, render_in, repository, succeed, title, tools};

const OVERLAYS: [&str; 2] = ["envoy", "istio"];

fn files(directory: &Path, below: &Path, found: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(below).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            files(directory, &path, found);
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            let name = path.strip_prefix(directory).unwrap().to_string_lossy().into_owned();
            found.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
}

fn build(overlay: &str) -> String {
    let path = repository("manifests/overlays").join(overlay);
    succeed(Command::new(tools().join("kustomize")).arg("build").arg(path), "")
}

#[test]
fn what_is_committed_is_what_the_chart_makes() {
    let made = tempfile::tempdir().unwrap();
    succeed(Command::new(repository("scripts/manifests")).arg(made.path()).env("PILLION_HELM", tools()), "");
    let (mut wanted, mut kept) = (BTreeMap::new(), BTreeMap::new());
    files(made.path(), made.path(), &mut wanted);
    files(&repository("manifests"), &repository("manifests"), &mut kept);
    assert_eq!(kept.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>(), "run `make manifests`");
    for (name, text) in &kept {
        assert!(text == &wanted[name], "manifests/{name} is not what the chart makes: run `make manifests`");
    }
}

#[test]
fn every_overlay_is_whole_and_taken_by_the_api_server() {
    for overlay in OVERLAYS {
        let text = build(overlay);
        let built = objects(&text);
        assert_eq!(title(&built[0]), "Namespace pillion-system", "the namespace comes first");
        check_all(overlay, &built[1..]);
        let warned = dry_run(&text);
        assert!(!warned.contains("PodSecurity"), "{overlay}: {warned}");
        // kubectl's own Kustomize reads it too.
        let path = repository("manifests/overlays").join(overlay);
        let said = succeed(plane().kubectl().args(["apply", "--dry-run=server", "-k"]).arg(path), "");
        assert_eq!(said.lines().count(), built.len(), "{said}");
        println!("overlay {overlay}: {} objects", built.len());
    }
}

fn check_all(overlay: &str, built: &[Value]) {
    check(overlay, "pillion-system", built);
    assert!(!built.iter().any(|object| object.to_string().contains("Helm")), "Helm is not here");
    // The overlay says what the chart says in its mode, but for labels and hooks.
    let mode = format!("mode={overlay}");
    let mut wanted = essence(&render_in("pillion-system", &["--no-hooks", "--set", &mode]));
    let mut found = essence(built);
    wanted.sort_by_key(title);
    found.sort_by_key(title);
    for (ours, charts) in found.iter().zip(&wanted) {
        assert_eq!(ours, charts, "{overlay}");
    }
    assert_eq!(found.len(), wanted.len(), "{overlay}");
}

/// The objects without the labels that say that Helm made them.
fn essence(objects: &[Value]) -> Vec<Value> {
    let mut essence = objects.to_vec();
    for object in &mut essence {
        let labels = object["metadata"]["labels"].as_object_mut().unwrap();
        labels.retain(|name, _| name != "helm.sh/chart" && name != "app.kubernetes.io/managed-by");
    }
    essence
}
