//! What is refused and what is only told: a table of ConfigMaps as users and upgrades of Istio bring them.

use super::*;
use serde_json::json;

const NAMESPACE: &str = "istio-system";

/// A configuration with this template.
fn config(template: &str) -> String {
    let indented: String = template.lines().map(|line| format!("    {line}\n")).collect();
    format!("policy: enabled\ntemplates:\n  sidecar: |\n{indented}")
}

fn texts() -> Texts {
    let mut texts = embedded::texts();
    texts.injector.text = config(GOOD);
    texts.values.text = r#"{"global":{"tag":"1.27.0"}}"#.to_owned();
    texts
}

const GOOD: &str = "spec: {containers: [{name: istio-proxy, image: 'p:1'}]}";

fn judge(map: &serde_json::Value) -> Answered {
    let settings = Settings::default();
    let names = Names::of(&settings, None);
    let judge = Judge::new(names, settings.clone(), Box::new(|| Ok(texts())));
    let in_use = crate::source::build(&texts(), settings).unwrap().snapshot;
    let map = pillion_govalue::parse(map.to_string().as_bytes()).unwrap().into_owned();
    judge.judge(&map, NAMESPACE, Some(&in_use))
}

fn injector(template: &str, tag: &str) -> serde_json::Value {
    let values = json!({"global": {"tag": tag}}).to_string();
    json!({
        "metadata": {"name": "istio-sidecar-injector", "namespace": NAMESPACE},
        "data": {"config": config(template), "values": values},
    })
}

#[test]
fn a_good_configuration_is_taken_without_a_word() {
    assert_eq!(judge(&injector(GOOD, "1.27.0")), Answered::default());
}

#[test]
fn what_cannot_render_is_refused_and_the_place_is_named() {
    for (template, named) in [
        ("spec: {{ .Values.", "template \"sidecar\", line 1"),
        ("spec: {{ fail \"never\" }}", "never"),
        ("spec: {containers: [{name: a, image: {{ .Values.global.tag.deeper }}}]}", "deeper"),
        ("spec: [", "in what template \"sidecar\" renders"),
        ("spec: {containers: {name: a}}", "plain pod would be refused"),
    ] {
        let refusal = judge(&injector(template, "1.27.0")).refusal.unwrap_or_default();
        assert!(refusal.contains(named), "{template}: {refusal}");
    }
}

#[test]
fn a_function_that_is_not_known_is_only_told() {
    let answered = judge(&injector("spec: {{ newInIstio .Spec }}", "1.27.0"));
    assert_eq!(answered.refusal, None);
    assert!(answered.warnings[0].contains("function \"newInIstio\" not defined"), "{answered:?}");
    let answered = judge(&injector("spec: {{ .NewInIstio }}", "1.27.0"));
    assert_eq!((answered.refusal, answered.warnings.len()), (None, 1));
}

#[test]
fn nothing_of_a_newer_release_is_refused() {
    let broken = "spec: {{ .MeshConfig.NewInIstio }}";
    assert!(judge(&injector(broken, "1.27.0")).refusal.is_some());
    let answered = judge(&injector(broken, "1.99.0"));
    assert_eq!((answered.refusal, answered.warnings.len()), (None, 1));
    let mut labelled = injector(broken, "our-own-build");
    assert!(judge(&labelled).refusal.is_some());
    labelled["metadata"]["labels"] = json!({"app.kubernetes.io/version": "1.99.0-alpha.1"});
    assert_eq!(judge(&labelled).refusal, None);
    labelled["metadata"]["labels"] = json!({"helm.sh/chart": "istiod-1.27.3"});
    assert!(judge(&labelled).refusal.is_some());
}

#[test]
fn the_mesh_configuration_is_judged_with_the_templates_in_place() {
    let mesh = |text: &str| json!({"metadata": {"name": "istio"}, "data": {"mesh": text}});
    assert_eq!(judge(&mesh("defaultConfig: {concurrency: 2}")), Answered::default());
    assert_eq!(judge(&mesh("newInIstio: {a: b}")).refusal, None);
    let refusal = judge(&mesh("defaultConfig: {")).refusal.unwrap();
    assert!(refusal.contains("ConfigMap istio-system/istio, key mesh"), "{refusal}");
}

#[test]
fn another_configmap_is_not_looked_at_and_a_missing_key_is_named() {
    let mut other = injector("spec: [", "1.27.0");
    other["metadata"]["name"] = json!("istio-sidecar-injector-canary");
    assert_eq!(judge(&other), Answered::default());
    let empty = json!({"metadata": {"name": "istio-sidecar-injector"}, "data": {"values": "{}"}});
    assert!(judge(&empty).refusal.unwrap().contains("key config"));
}

#[test]
fn what_was_refused_before_is_no_news() {
    let settings = Settings::default();
    let mut broken = texts();
    broken.injector.text = config("spec: {{ fail \"always\" }}");
    let in_use = crate::source::build(&broken, settings.clone()).unwrap().snapshot;
    let judge = Judge::new(Names::of(&settings, None), settings, Box::new(|| Ok(texts())));
    let map = injector("spec: {{ fail \"still\" }}", "1.27.0").to_string();
    let map = pillion_govalue::parse(map.as_bytes()).unwrap();
    let answered = judge.judge(&map, NAMESPACE, Some(&in_use));
    assert!(answered.refusal.is_none() && answered.warnings[0].contains("still"), "{answered:?}");
}

#[test]
fn versions_are_told_from_other_tags() {
    for (text, is) in
        [("1.27.0", true), ("v1.27-alpha", true), ("latest", false), ("", false), ("prod-1.2", false)]
    {
        assert_eq!(is_version(text), is, "{text}");
    }
}
