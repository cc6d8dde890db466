//! The pods that a take-over is tried with, and whether two answers about one of them are the same. Pure.
//! Never: asking anybody.

use pillion_core::inject::STATUS;
use serde_json::{Value, json};
use similar::TextDiff;

/// Fewest injected pods that must come back the same.
pub const FEWEST: usize = 20;
/// The volume of the service account's token, whose name ends in five random characters.
const TOKEN: &str = "kube-api-access-";
/// Differences that are shown whole; of the others their number.
const SHOWN: usize = 3;

/// A pod to try with.
#[derive(Clone, Debug, serde::Deserialize)]
pub(super) struct Sample {
    /// What it is about.
    pub(super) what: String,
    /// The pod.
    pub(super) pod: Value,
}

/// What an API server made of a pod, or why it refused it.
pub(super) type Answer = Result<Value, String>;

/// The samples, each a whole pod.
///
/// # Errors
/// The list in the program is faulty.
pub(super) fn samples() -> Result<Vec<Sample>, serde_json::Error> {
    let mut samples: Vec<Sample> = serde_json::from_str(include_str!("samples.json"))?;
    for (index, sample) in samples.iter_mut().enumerate() {
        sample.pod["apiVersion"] = json!("v1");
        sample.pod["kind"] = json!("Pod");
        if sample.pod.pointer("/metadata/generateName").is_none() {
            sample.pod["metadata"]["name"] = json!(format!("sample-{index}"));
        }
    }
    Ok(samples)
}

/// Whether a pod came back with a sidecar.
#[must_use]
pub(super) fn is_injected(pod: &Value) -> bool {
    pod["metadata"]["annotations"][STATUS].is_string()
}

/// What came out of holding answers against each other.
#[derive(Debug, Default)]
pub struct Compared {
    /// Pods that both injected, and that are the same.
    pub same: usize,
    /// Pods that neither injected: skipped, or refused.
    pub neither: usize,
    /// What differs, as text, by sample.
    pub differences: Vec<(String, String)>,
    /// The first reason why a pod was refused.
    pub refused: Option<String>,
}

impl Compared {
    /// What differs, and how much more.
    #[must_use]
    pub fn text(&self) -> String {
        let shown = self.differences.iter().take(SHOWN);
        let mut text: String = shown.map(|(what, text)| format!("pod \"{what}\":\n{text}")).collect();
        if let Some(more) = self.differences.get(SHOWN..).filter(|more| !more.is_empty()) {
            let more: Vec<_> = more.iter().map(|(what, _)| format!("\"{what}\"")).collect();
            text.push_str(&format!("{} more pods differ: {}\n", more.len(), more.join(", ")));
        }
        text
    }
}

/// Holds the answers of both webhooks against each other.
#[must_use]
pub(super) fn compare(samples: &[Sample], theirs: &[Answer], ours: &[Answer]) -> Compared {
    let mut compared = Compared::default();
    for ((sample, theirs), ours) in samples.iter().zip(theirs).zip(ours) {
        if let Err(reason) = theirs {
            compared.refused.get_or_insert_with(|| format!("\"{}\": {reason}", sample.what));
        }
        let generated = sample.pod.pointer("/metadata/generateName").is_some();
        let (old, new) = (shown(theirs, generated), shown(ours, generated));
        if old != new {
            let diff = TextDiff::from_lines(&old, &new);
            let text = diff.unified_diff().context_radius(3).header("istiod", "pillion").to_string();
            compared.differences.push((sample.what.clone(), text));
        } else if theirs.as_ref().is_ok_and(is_injected) {
            compared.same += 1;
        } else {
            compared.neither += 1;
        }
    }
    compared
}

/// An answer as text, without what is never twice the same. Why a pod is refused is worded by who refuses it.
fn shown(answer: &Answer, generated: bool) -> String {
    let Ok(pod) = answer else { return "refused\n".to_owned() };
    let mut pod = pod.clone();
    if let Some(metadata) = pod.get_mut("metadata").and_then(Value::as_object_mut) {
        for always in ["uid", "creationTimestamp", "managedFields", "resourceVersion", "selfLink"] {
            metadata.remove(always);
        }
        if generated {
            metadata.remove("name");
        }
    }
    // Objects are maps that are sorted, and thus written alike.
    one_token_name(&serde_json::to_string_pretty(&pod).unwrap_or_default()) + "\n"
}

/// The text with all names of the token's volume made one, also within annotations that quote the pod.
fn one_token_name(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split(TOKEN);
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        out.push_str(TOKEN);
        let random = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let is_name = part.len() >= 5 && part.bytes().take(5).all(random);
        out.push_str(if is_name { &part[5..] } else { part });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn injected(name: &str, token: &str, image: &str) -> Value {
        json!({
            "metadata": {
                "name": name, "uid": token, "creationTimestamp": token, "managedFields": [token],
                "annotations": {STATUS: "{}", "quoted": format!("{{\"name\":\"{TOKEN}{token}\"}}")},
            },
            "spec": {
                "containers": [{"name": "istio-proxy", "image": image,
                    "volumeMounts": [{"name": format!("{TOKEN}{token}"), "mountPath": "/t"}]}],
                "volumes": [{"name": format!("{TOKEN}{token}")}],
            },
        })
    }

    #[test]
    fn there_are_more_than_enough_samples_and_no_two_have_one_name() {
        let samples = samples().unwrap();
        assert!(samples.len() >= FEWEST + 5);
        let names: std::collections::BTreeSet<_> = samples.iter().map(|sample| &sample.what).collect();
        assert_eq!(names.len(), samples.len());
        for sample in &samples {
            let metadata = &sample.pod["metadata"];
            assert_ne!(metadata["name"].is_null(), metadata["generateName"].is_null(), "{}", sample.what);
            assert!(sample.pod["spec"]["containers"][0]["image"].is_string(), "{}", sample.what);
        }
    }

    #[test]
    fn what_is_random_is_no_difference_and_all_else_is() {
        let samples = &samples().unwrap()[..1];
        let theirs = [Ok(injected("sample-0", "aaaaa", "proxy:1"))];
        let same = compare(samples, &theirs, &[Ok(injected("sample-0", "bbbbb", "proxy:1"))]);
        assert_eq!((same.same, same.differences.len()), (1, 0));
        let other = compare(samples, &theirs, &[Ok(injected("sample-0", "bbbbb", "proxy:2"))]);
        let text = other.text();
        assert!(text.contains("-        \"image\": \"proxy:1\"") && text.contains("--- istiod"), "{text}");
        let refused = compare(samples, &theirs, &[Err("no".into())]);
        assert_eq!((refused.same, refused.differences.len()), (0, 1));
        let both = compare(samples, &[Err("why".into())], &[Err("because".into())]);
        assert_eq!((both.same, both.neither, both.refused), (0, 1, Some("\"one container\": why".into())));
    }
}
