//! Whether the peers that inject answer the same before they are measured: a sample of bodies, the pods that come of the
//! patches, and whether the sidecar is there at all. A wrong setup would be measured otherwise. Never: every rule of
//! injection, which `tests/conformance` compares.

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pillion_govalue::encode::go_json;
use pillion_govalue::types::KNOWN;
use rustls::pki_types::CertificateDer;
use serde_json::Value;

use crate::client::{Client, Protocol};
use crate::peers::{Kind, Peers};
use crate::workloads::Stream;
use crate::workloads::Workload;

/// Bodies in a sample.
const SAMPLE: u64 = 40;
/// Their first number: far from those that are measured, and in steps that meet many workloads.
const FIRST: u64 = 1 << 40;
const STEP: u64 = 37;
/// What the sidecar is called by Istio's templates and by the profile.
const SIDECARS: [&str; 2] = ["istio-proxy", "envoy"];

/// Compares the answers to a sample.
pub(crate) async fn compare(
    peers: &Peers,
    certificate: &CertificateDer<'static>,
    workload: &Workload,
    stream: &Stream,
) -> Result<()> {
    let mut answers = vec![];
    for kind in [Kind::Istiod, Kind::Pillion, Kind::Profile] {
        let Some(peer) = peers.of(kind) else { continue };
        let mut client = Client::connect(peer.address, certificate, Protocol::Http2).await?;
        let mut pods = vec![];
        for number in (0..SAMPLE).map(|at| FIRST + at * STEP) {
            let body = stream.body(number);
            let answer = client.post(body.clone(), None).await.with_context(|| kind.name())?;
            let pod = pod_after(&body, &answer).with_context(|| format!("{}, body {number}", kind.name()))?;
            let has = has_sidecar(&pod);
            ensure!(
                has == workload.injected,
                "{}: {} {} pod {number}: {pod}",
                workload.name,
                kind.name(),
                if has { "injects" } else { "does not inject" }
            );
            pods.push(pod);
        }
        answers.push((kind, pods));
    }
    let of = |wanted| answers.iter().find(|(kind, _)| *kind == wanted).map(|(_, pods)| pods);
    if let (Some(istiod), Some(pillion)) = (of(Kind::Istiod), of(Kind::Pillion)) {
        for (at, (one, other)) in istiod.iter().zip(pillion).enumerate() {
            if let Some(place) = difference(one, other, "") {
                bail!("{}: istiod and Pillion differ in sample {at} at {place}", workload.name);
            }
        }
    }
    Ok(())
}

/// What the pod of a review is after an answer.
fn pod_after(body: &[u8], answer: &[u8]) -> Result<Value> {
    let mut review: Value = serde_json::from_slice(body).context("the body")?;
    let answer: Value = serde_json::from_slice(answer).context("the answer")?;
    let response = &answer["response"];
    ensure!(response["allowed"] == true, "not allowed: {response}");
    ensure!(response["uid"] == review["request"]["uid"], "the answer has another uid");
    let mut pod = review["request"]["object"].take();
    if let Some(patch) = response["patch"].as_str() {
        let patch: json_patch::Patch = serde_json::from_slice(&STANDARD.decode(patch)?)?;
        json_patch::patch(&mut pod, &patch)?;
    }
    as_stored(&pod)
}

/// The pod as an API server stores it: quantities in one spelling, and nothing that a type leaves out.
fn as_stored(pod: &Value) -> Result<Value> {
    let text = pod.to_string();
    let pod = pillion_govalue::parse(text.as_bytes())?;
    Ok(serde_json::from_str(&go_json(&pod, KNOWN.pod).context("no pod")?)?)
}

fn has_sidecar(pod: &Value) -> bool {
    let lists = ["containers", "initContainers"].map(|list| pod["spec"][list].as_array());
    let mut containers = lists.into_iter().flatten().flatten();
    containers.any(|container| SIDECARS.iter().any(|name| container["name"] == *name))
}

/// Where two values differ first, and how. To Kubernetes' types a field that is zero is a field that is not there.
fn difference(one: &Value, other: &Value, place: &str) -> Option<String> {
    match (one, other) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
            keys.filter_map(|key| difference(&one[key], &other[key], &format!("{place}/{key}"))).next()
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let mut pairs = a.iter().zip(b).enumerate();
            pairs.find_map(|(at, (a, b))| difference(a, b, &format!("{place}/{at}")))
        }
        _ if one == other || (is_zero(one) && is_zero(other)) => None,
        _ => Some(format!("{place}: {one} and {other}")),
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(set) => !set,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.values().all(is_zero),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_difference_is_told_by_its_place() {
        let stored = |cpu: &str| {
            as_stored(
                &json!({"spec": {"containers": [{"name": "a", "resources": {"limits": {"cpu": cpu}}}]}}),
            )
            .unwrap()
        };
        assert!(difference(&stored("2000m"), &stored("2"), "").is_none());
        let (one, other) = (json!({"a": [1, {"b": 2}]}), json!({"a": [1, {"b": 3}], "c": 1}));
        assert_eq!(difference(&one, &other, "").unwrap(), "/a/1/b: 2 and 3");
        assert!(difference(&one, &json!({"a": [1]}), "").is_some());
        assert!(difference(&one, &one, "").is_none());
        assert!(difference(&one, &json!({"a": [1, {"b": 2}], "d": {"e": 0}}), "").is_none());
    }

    #[test]
    fn a_patch_is_applied_to_the_pod_of_its_review() {
        let body = json!({"request": {"uid": "u", "object": {"spec": {"containers": []}}}}).to_string();
        let patch = STANDARD.encode(r#"[{"op":"add","path":"/spec/containers/-","value":{"name":"envoy"}}]"#);
        let answer = |uid| json!({"response": {"uid": uid, "allowed": true, "patch": patch}}).to_string();
        assert!(has_sidecar(&pod_after(body.as_bytes(), answer("u").as_bytes()).unwrap()));
        assert!(pod_after(body.as_bytes(), answer("v").as_bytes()).is_err());
    }
}
