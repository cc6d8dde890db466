//! Two answers to one review held against each other: whether the pod is admitted, why not, and the pod that comes out,
//! as Kubernetes' own types write it, so that only what an API server would store is a difference. Warnings and audit
//! annotations are not compared: not every injector tells them. Never: asking anybody.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pillion_govalue::types::KNOWN;
use pillion_govalue::{Value, encode};
use serde::Deserialize;

use crate::review;
use crate::trial::change::{self, Change};

/// What cannot be compared, and why.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Incomparable {
    /// The review itself.
    #[error("the review cannot be read: {0}")]
    Review(String),
    /// Their answer to it.
    #[error("the other answer cannot be read: {0}")]
    Theirs(String),
    /// Our answer to it.
    #[error("our own answer cannot be read: {0}")]
    Ours(String),
}

/// An answer, as far as it is compared.
#[derive(Debug)]
struct Said {
    api_version: String,
    uid: String,
    allowed: bool,
    message: String,
    /// The JSON Patch.
    patch: Option<Vec<u8>>,
}

/// Where two answers to the review `body` differ; nowhere, if they are the same.
///
/// # Errors
/// A review or an answer that an API server could not use.
pub fn compare(body: &[u8], theirs: &[u8], ours: &[u8]) -> Result<Vec<Change>, Incomparable> {
    let (theirs, ours) =
        (Said::read(theirs).map_err(Incomparable::Theirs)?, Said::read(ours).map_err(Incomparable::Ours)?);
    let mut changes = Vec::new();
    let mut say = |field: &str, old: &str, new: &str| {
        if old != new {
            let text = |text: &str| Some(text.to_owned());
            changes.push(Change { field: field.to_owned(), old: text(old), new: text(new) });
        }
    };
    say("apiVersion", &theirs.api_version, &ours.api_version);
    say("response.uid", &theirs.uid, &ours.uid);
    say("response.allowed", word(theirs.allowed), word(ours.allowed));
    if !(theirs.allowed && ours.allowed) {
        // Who refuses may say more than the other.
        let (old, new) = (theirs.message.trim(), ours.message.trim());
        if theirs.allowed != ours.allowed || !new.starts_with(old) {
            say("response.status.message", old, new);
        }
        return Ok(changes);
    }
    if theirs.patch != ours.patch {
        let pod = pod(body).map_err(Incomparable::Review)?;
        let theirs = theirs.patched(&pod).map_err(Incomparable::Theirs)?;
        let ours = ours.patched(&pod).map_err(Incomparable::Ours)?;
        changes.extend(between(&theirs, &ours));
    }
    Ok(changes)
}

const fn word(allowed: bool) -> &'static str {
    if allowed { "true" } else { "false" }
}

/// The pod that a review is about.
fn pod(body: &[u8]) -> Result<Value<'_>, String> {
    let review = review::read(body).map_err(|error| error.to_string())?;
    let request = review.request.ok_or("it holds no request")?;
    request.object.value().map_err(|error| error.to_string())
}

/// Where two pods differ. Both are compared as Go writes them, if both are pods: defaults that are not there, unknown
/// fields and spellings of quantities are no difference then.
fn between(theirs: &Value<'_>, ours: &Value<'_>) -> Vec<Change> {
    let texts = [theirs, ours].map(|pod| encode::go_json(pod, KNOWN.pod).ok());
    if let [Some(theirs), Some(ours)] = &texts
        && let (Ok(theirs), Ok(ours)) =
            (pillion_govalue::parse(theirs.as_bytes()), pillion_govalue::parse(ours.as_bytes()))
    {
        return change::between(&theirs, &ours);
    }
    change::between(theirs, ours)
}

impl Said {
    fn read(answer: &[u8]) -> Result<Self, String> {
        let read: Answer = serde_json::from_slice(answer).map_err(|error| error.to_string())?;
        let response = read.response.ok_or("it is no AdmissionReview with a response")?;
        let patch = response.patch.filter(|patch| !patch.is_empty());
        if patch.is_some() && response.patch_type.as_deref() != Some("JSONPatch") {
            return Err("its patchType is not JSONPatch".to_owned());
        }
        let patch = patch.map(|patch| STANDARD.decode(patch)).transpose();
        Ok(Self {
            api_version: read.api_version,
            uid: response.uid,
            allowed: response.allowed,
            message: response.status.and_then(|status| status.message).unwrap_or_default(),
            patch: patch.map_err(|error| format!("its patch is not base64: {error}"))?,
        })
    }

    fn patched<'a>(&'a self, pod: &Value<'a>) -> Result<Value<'a>, String> {
        let Some(patch) = &self.patch else { return Ok(pod.clone()) };
        let steps = pillion_kubepatch::read_patch(patch).map_err(|error| error.to_string())?;
        pillion_kubepatch::apply(pod, &steps).map_err(|error| error.to_string())
    }
}

/// The parts of an AdmissionReview that answers.
#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "apiVersion", default)]
    api_version: String,
    response: Option<Response>,
}

#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    uid: String,
    #[serde(default)]
    allowed: bool,
    status: Option<Status>,
    patch: Option<String>,
    #[serde(rename = "patchType")]
    patch_type: Option<String>,
}

#[derive(Deserialize)]
struct Status {
    message: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const POD: &str = r#"{"metadata":{"name":"web","creationTimestamp":null},"spec":{"containers":[{"name":"app","image":"app:1","resources":{}}]},"status":{}}"#;

    fn review() -> String {
        format!(
            r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{"uid":"u","object":{POD}}}}}"#
        )
    }

    fn answer(allowed: bool, message: &str, patch: Option<&str>) -> String {
        let patch =
            patch.map(|patch| format!(r#","patch":"{}","patchType":"JSONPatch""#, STANDARD.encode(patch)));
        format!(
            r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{{"uid":"u","allowed":{allowed},"status":{{"message":"{message}"}}{}}}}}"#,
            patch.unwrap_or_default()
        )
    }

    fn fields(theirs: &str, ours: &str) -> Vec<String> {
        let changes = compare(review().as_bytes(), theirs.as_bytes(), ours.as_bytes()).unwrap();
        changes.into_iter().map(|change| change.field).collect()
    }

    #[test]
    fn patches_that_make_the_same_pod_are_the_same() {
        let whole = r#"[{"op":"replace","path":"/spec/containers","value":[{"name":"istio-proxy","image":"p","resources":{"limits":{"cpu":"1000m"}}},{"name":"app","image":"app:1"}]}]"#;
        let step = r#"[{"op":"add","path":"/spec/containers/0","value":{"name":"istio-proxy","image":"p","resources":{"limits":{"cpu":"1"}}}}]"#;
        assert_eq!(fields(&answer(true, "", Some(whole)), &answer(true, "", Some(step))), [""; 0]);
        assert_eq!(fields(&answer(true, "", None), &answer(true, "", Some("[]"))), [""; 0]);
        let other = step.replace("\"p\"", "\"q\"");
        assert_eq!(
            fields(&answer(true, "", Some(whole)), &answer(true, "", Some(&other))),
            ["spec.containers[istio-proxy].image"]
        );
        let (none, one) = (answer(true, "", None), answer(true, "", Some(step)));
        assert_eq!(fields(&none, &one), ["spec.containers[istio-proxy]"]);
    }

    #[test]
    fn another_verdict_and_another_message_are_differences() {
        let refused = |message: &str| answer(false, message, None);
        assert_eq!(fields(&refused("no"), &refused("no")), [""; 0]);
        assert_eq!(fields(&refused("no"), &refused("no: and more")), [""; 0]);
        assert_eq!(fields(&refused("no"), &refused("never")), ["response.status.message"]);
        let both = ["response.allowed", "response.status.message"];
        assert_eq!(fields(&answer(true, "", None), &refused("no")), both);
        assert_eq!(fields(&refused("no"), &answer(true, "", None)), both);
    }

    #[test]
    fn an_answer_that_cannot_be_used_is_told_with_whose_it_is() {
        let good = answer(true, "", None);
        let said = |theirs: &str, ours: &str| {
            compare(review().as_bytes(), theirs.as_bytes(), ours.as_bytes()).unwrap_err().to_string()
        };
        assert!(said("<html>", &good).starts_with("the other answer"));
        assert!(said("{}", &good).contains("no AdmissionReview"));
        assert!(said(&good, "{}").starts_with("our own answer"));
        let nowhere = answer(true, "", Some(r#"[{"op":"remove","path":"/spec/nothing"}]"#));
        assert!(said(&nowhere, &good).contains("/spec/nothing"));
        assert!(said(&nowhere.replace("JSONPatch", "Merge"), &good).contains("patchType"));
    }
}
