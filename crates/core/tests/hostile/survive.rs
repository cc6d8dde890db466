//! Whatever comes in: an outcome, or a refusal with a reason and a message no longer than what it quotes.

use pillion_core::config::Snapshot;
use pillion_core::inject::annotations::TABLE;
use pillion_core::inject::{InjectError, Verdict};
use pillion_govalue::parse;
use serde_json::{Value, json};

use crate::{hurt, pods, sets};
use pillion_chance::Rng;

/// What a refusal says beyond what it quotes of the pod.
const MESSAGE: usize = 64 * 1024;

/// Injects a text, checks what every answer owes, and gives the error's message.
pub fn answered(set: &Snapshot, text: &str, path: &str) -> Option<String> {
    let pod = parse(text.as_bytes()).ok()?;
    match sets::injected(set, pod.clone(), path) {
        Ok(outcome) => {
            assert_eq!(outcome.verdict, outcome.reason.verdict());
            let applied = pillion_kubepatch::apply(&pod, &outcome.patch);
            let applied = applied.unwrap_or_else(|e| panic!("{e}: {}", start(text)));
            assert!(applied == outcome.pod, "the patch makes another pod of {}", start(text));
            None
        }
        Err(error) => Some(refused(&error, text)),
    }
}

fn refused(error: &InjectError, text: &str) -> String {
    let message = error.to_string();
    assert_eq!(error.reason().verdict(), Verdict::Refused, "{message}");
    assert!(
        !message.is_empty() && message.len() <= MESSAGE + 4 * text.len(),
        "{} bytes: {}",
        message.len(),
        start(text)
    );
    message
}

fn start(text: &str) -> String {
    text.chars().take(3000).collect()
}

#[test]
fn every_place_of_a_pod_may_hold_anything() {
    let sets = sets::all();
    let pod = pods::rich();
    let (mut total, mut failed) = (0, 0);
    for place in 0..hurt::places(&pod) {
        for (number, fragment) in hurt::FRAGMENTS.iter().enumerate() {
            let text = hurt::rewritten(&pod, &mut |at| (at == place).then(|| (*fragment).to_owned()));
            failed += usize::from(answered(&sets[(place + number) % 3], &text, "/inject").is_some());
            total += 1;
        }
    }
    assert!(
        failed > total / 10 && failed < total,
        "{failed} of {total} refused: the mutations are too tame or too wild"
    );
}

#[test]
fn pods_hurt_in_many_places_are_answered() {
    let sets = sets::all();
    let mut rng = Rng::new(1);
    for round in 0..800 {
        let pod = pods::random(&mut rng, sets::NAMES[round % 3]);
        let rate = *rng.pick(&[8, 30, 100]);
        let text = hurt::randomly(&pod, &mut rng, rate);
        answered(&sets[round % 3], &text, "/inject");
    }
}

#[test]
fn every_annotation_may_hold_any_text() {
    let sets = sets::all();
    let bomb =
        format!("a: &a [x]\n{}", (0..40).map(|i| format!("b{i}: &b{i} [*a,*a]\n")).collect::<String>());
    let texts = [
        "",
        " ",
        "\u{0}",
        "-1",
        "1e9",
        "99999999999999999999",
        "true",
        "TRUE",
        "*",
        ",,,,",
        "*,*",
        "\u{202e}é",
        "{}",
        "[]",
        "null",
        "{\"containers\":5}",
        "{\"containers\":[5]}",
        "{\"containers\":[null,{\"name\":7}]}",
        "{\"initContainers\":[{\"name\":\"istio-init\",\"ports\":\"x\"}],\"containers\":{}}",
        "{{ .Spec }}",
        "10.0.0.0/33",
        "::/0",
        "a=b,c",
        "{\"a\":{\"b\":[{\"c\":1}]}}",
        "proxyMetadata: {A: [1]}",
        "{\"a\":",
        "- - - a",
        "concurrency: 99999999999999999999",
        "tracing: {zipkin: {}, datadog: {}}",
        "!!binary x",
        "<<: *a",
        &bomb,
    ]
    .map(str::to_owned);
    let long = [",".repeat(100_000), "[".repeat(100_000), "x".repeat(300_000), "a: ".repeat(5_000)];
    for row in TABLE {
        for (number, value) in texts.iter().chain(&long).enumerate() {
            let mut pod = pods::rich();
            pod["metadata"]["annotations"][row.name] = Value::from(value.as_str());
            answered(&sets[number % 3], &pod.to_string(), "/inject");
        }
    }
}

#[test]
fn labels_and_owners_may_hold_any_text() {
    let sets = sets::all();
    for text in ["", "-", "\u{0}", "a--\u{202e}", &"-".repeat(100_000), "0123456789"] {
        for pointer in [
            "/metadata/ownerReferences/0/kind",
            "/metadata/ownerReferences/0/name",
            "/metadata/generateName",
            "/metadata/labels/app",
            "/metadata/ownerReferences/0/apiVersion",
            "/metadata/namespace",
        ] {
            let mut pod = pods::rich();
            *pod.pointer_mut(pointer).unwrap() = text.into();
            for set in &sets {
                answered(set, &pod.to_string(), "/inject");
            }
        }
    }
}

#[test]
fn paths_may_hold_any_text() {
    let sets = sets::all();
    let pod = pods::rich().to_string();
    let long = "/inject".to_owned() + &"/a/b".repeat(20_000);
    for path in [
        "",
        "/",
        "//",
        "///",
        "/inject///",
        "/inject/:ENV:",
        "/inject/:ENV:=:ENV:a",
        "/inject/\u{0}/\u{202e}",
        "/inject/cluster/--slash--/net/",
        "inject/é/{{",
        &long,
    ] {
        for set in &sets {
            answered(set, &pod, path);
        }
    }
}

#[test]
fn deep_nesting_is_refused_or_kept() {
    let sets = sets::all();
    for depth in [10, 100, 400, 1_000, 100_000] {
        let nested = "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth);
        for (key, value) in [("x", &nested), ("spec", &nested), ("metadata", &nested)] {
            let text = format!("{{\"metadata\":{{\"name\":\"a\"}},\"{key}\":{value}}}");
            for set in &sets {
                answered(set, &text, "/inject");
            }
        }
    }
}

#[test]
fn what_is_no_pod_is_refused() {
    let sets = sets::all();
    for text in ["null", "5", "\"pod\"", "[]", "[{}]", "true"] {
        let message = answered(&sets[0], text, "/inject");
        assert!(message.is_some(), "{text}");
    }
    // An object without any field is a pod for Go, and for istiod.
    answered(&sets[0], &json!({}).to_string(), "/inject");
}
