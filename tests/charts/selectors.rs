//! Who is injected: the entries of the webhooks and their selectors are those that Istio's own chart renders, but for
//! the namespaces of Kubernetes itself, which we leave out everywhere. Istio's chart comes from its Go module.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::{helm, list, objects, of_kind, render, repository, strings, succeed, text};

/// The oldest release that is compared, and the newest.
const RELEASES: [&str; 2] = ["1.20.1", "latest"];
const SYSTEM: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

/// What is set in both charts: revision, tags, every namespace by default.
const CASES: &[(&str, &[&str], bool)] = &[
    ("", &[], false),
    ("", &[], true),
    ("", &["canary"], false),
    ("", &["canary", "prod"], true),
    ("1-20-2", &[], false),
    ("1-20-2", &[], true),
    ("1-20-2", &["canary"], true),
    ("1-20-2", &["default"], false),
    ("1-20-2", &["default", "canary"], true),
];

/// An entry: the prefix of its name, whom it selects. Sorted, so that two charts may say it in different orders.
type Entry = (String, Vec<String>, Vec<String>);

/// The directory of Istio's chart of a release, from the module that the conformance tests build Istio's injector of.
fn istios_chart(release: &str) -> PathBuf {
    let releases = std::fs::read_to_string(repository("tests/conformance/releases.txt")).unwrap();
    let row = releases.lines().find_map(|line| line.strip_prefix(&format!("{release} "))).expect(release);
    let version = row.split(' ').next().unwrap();
    let mut command = Command::new("go");
    // A release's commit is not in the checksum database under its tag.
    command
        .args(["mod", "download", "-json", &format!("istio.io/istio@{version}")])
        .env("GONOSUMDB", "istio.io/*");
    let told = succeed(command.current_dir("/"), "");
    let module: Value = serde_json::from_str(&told).unwrap();
    PathBuf::from(text(&module["Dir"])).join("manifests/charts/istio-control/istio-discovery")
}

fn istios_objects(chart: &Path, values: &str) -> Vec<Value> {
    let mut command = helm();
    command.args(["template", "istiod"]).arg(chart).args([
        "--namespace",
        "istio-system",
        "--set-json",
        values,
    ]);
    objects(&succeed(&mut command, ""))
}

fn entries(objects: &[Value], ending: &str) -> BTreeSet<Entry> {
    let mut found = BTreeSet::new();
    for configuration in of_kind(objects, "MutatingWebhookConfiguration") {
        for entry in list(&configuration["webhooks"]) {
            let prefix = text(&entry["name"]).strip_suffix(ending).unwrap().to_owned();
            let who = (prefix, selector(&entry["namespaceSelector"]), selector(&entry["objectSelector"]));
            assert!(found.insert(who), "{} is there twice", entry["name"]);
        }
    }
    found
}

/// The expressions of a selector, without the namespaces of Kubernetes itself.
fn selector(selector: &Value) -> Vec<String> {
    assert!(selector["matchLabels"].is_null(), "{selector}");
    let mut told = Vec::new();
    for one in list(&selector["matchExpressions"]) {
        let (key, operator) = (text(&one["key"]), text(&one["operator"]));
        let mut values = strings(&one["values"]);
        values.sort_unstable();
        if key == "kubernetes.io/metadata.name" && operator == "NotIn" {
            values.retain(|value| !SYSTEM.contains(value));
            if values.is_empty() {
                continue;
            }
        }
        told.push(format!("{key} {operator} {values:?}"));
    }
    told.sort();
    told
}

#[test]
fn entries_and_selectors_are_those_of_istios_chart() {
    let mut compared = 0;
    for release in RELEASES {
        let chart = istios_chart(release);
        for (revision, tags, auto) in CASES {
            let common = format!("revision={revision:?},revisionTags={tags:?}");
            let theirs = format!("{common},sidecarInjectorWebhook.enableNamespacesByDefault={auto}");
            let ours = format!("{common},webhook.enableNamespacesByDefault={auto}");
            let theirs = istios_objects(&chart, &theirs);
            let ours = render(&["--set-json", &ours]);
            let theirs = entries(&theirs, ".sidecar-injector.istio.io");
            assert!(theirs.len() >= 2, "Istio's chart renders {theirs:?}");
            let ours = entries(&ours, ".sidecar-injector.pillion.dev");
            assert_eq!(ours, theirs, "Istio {release}, {common}, every namespace: {auto}");
            compared += ours.len();
        }
    }
    println!("{compared} entries as in Istio's chart, of {RELEASES:?}");
}
