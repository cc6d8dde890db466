//! Snapshots out of whole configurations.

use super::*;
use crate::config::Release;

fn sources<'t>(injector: &'t str, values: &'t str, mesh: &'t str) -> Sources<'t> {
    Sources {
        injector: Source { name: "config", text: injector },
        values: Source { name: "values", text: values },
        mesh: Some(Source { name: "mesh", text: mesh }),
        shared_mesh: None,
        proxy_configs: Vec::new(),
        annotations: None,
    }
}

fn build(injector: &str, values: &str, mesh: &str, settings: Settings) -> Result<Built, ConfigError> {
    Snapshot::build(&sources(injector, values, mesh), settings, Cluster::default())
}

const CONFIG: &str =
    "policy: enabled\ntemplates:\n  sidecar: |\n    spec: {} # istio-proxy {{ .NativeSidecars }}\n";

#[test]
fn a_configuration_becomes_a_snapshot_of_its_release() {
    let built =
        build(CONFIG, "global: {tag: 1.27.3}", "defaultConfig: {statusPort: 15021}", Settings::default());
    let built = built.unwrap();
    assert!(built.warnings.is_empty(), "{:?}", built.warnings);
    assert_eq!(built.snapshot.level, Level { release: Release::V1_27, patch: Some(3) });
    assert_eq!(built.snapshot.mesh.status_port(), 15021);
    assert!(built.snapshot.gates.strict_inject_values && !built.snapshot.gates.scrape_targets);
}

#[test]
fn a_release_that_is_said_counts_over_the_fingerprint() {
    let settings = Settings { compat: Some(Release::V1_22.into()), ..Settings::default() };
    let built = build("templates: {sidecar: mine}\npolicy: enabled", "{}", "", settings).unwrap();
    assert!(built.warnings.is_empty(), "{:?}", built.warnings);
    assert_eq!(built.snapshot.level.release, Release::V1_22);
    assert!(!built.snapshot.gates.lifecycle_rewrite);
}

#[test]
fn the_shared_mesh_lies_under_the_other() {
    let mut sources = sources(CONFIG, "{}", "trustDomain: b");
    sources.shared_mesh = Some(Source { name: "shared", text: "{trustDomain: a, ingressClass: shared}" });
    let built = Snapshot::build(&sources, Settings::default(), Cluster::default()).unwrap();
    let text = |key| built.snapshot.mesh.config.get(key).and_then(|v| v.as_str()).map(String::from);
    assert_eq!(text("trustDomain").as_deref(), Some("b"));
    assert_eq!(text("ingressClass").as_deref(), Some("shared"));
}

#[test]
fn every_faulty_source_is_named() {
    for (injector, values, mesh, want) in [
        ("policy: [", "{}", "", "config: line"),
        (CONFIG, "global: {hub: 1}", "", "values: "),
        (CONFIG, "{}", "trustDomain: [1]", "mesh: trustDomain: cannot read"),
        ("templates: [a]", "{}", "", "config: templates is of kind array"),
    ] {
        let error = build(injector, values, mesh, Settings::default()).unwrap_err().to_string();
        assert!(error.contains(want), "{error}");
    }
}

#[test]
fn what_is_odd_but_usable_is_a_warning() {
    let built =
        build("neverInjectSelector: [{matchLabels: {'a b': c}}]", "{}", "", Settings::default()).unwrap();
    let warnings: Vec<String> = built.warnings.iter().map(ToString::to_string).collect();
    let all = warnings.join("\n");
    for want in [
        "the newest behaviour is taken",
        "no templates",
        "policy \"\"",
        "neverInjectSelector[0] is passed over",
    ] {
        assert!(all.contains(want), "{all}");
    }
}
