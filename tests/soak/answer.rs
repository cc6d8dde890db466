//! Whether an answer is the right one. Never: sending anything.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use pillion_core::inject::{Reason, Verdict};
use serde_json::Value;

use crate::kinds::{Ask, Expected};
use crate::subject::Who;

/// What came back.
#[derive(Debug)]
pub struct Got {
    pub status: StatusCode,
    pub body: String,
    /// In how many seconds it may be asked again.
    pub again: Option<u64>,
}

/// What was found in an answer that is right.
#[derive(Debug, Default)]
pub struct Found {
    /// Why it was given, where it is counted as an answer to a review.
    pub reason: Option<Reason>,
    /// The configuration that it was made under, where that can be seen.
    pub mark: Option<u64>,
}

/// Checks one answer; whether the patch applies only where `wholly` says so, for that takes time.
pub fn check(who: Who, ask: &Ask, got: &Got, wholly: bool) -> Result<Found, String> {
    let found = match &ask.expected {
        Expected::Page { status, reason, holds } => page(got, *status, *reason, holds),
        Expected::Review { version, uid, reason, holds } => {
            review(got, *version, uid, *reason).and_then(|answer| match reason.verdict() {
                Verdict::Injected => injected(who, ask, &answer, holds, wholly),
                Verdict::Skipped => without_a_patch(&answer, *reason),
                Verdict::Refused => refused(&answer, *reason, holds),
            })
        }
    };
    found.map_err(|what| format!("{}: {} {}: {what}: {:.400}", ask.kind, ask.method, ask.path, got.body))
}

fn page(got: &Got, status: u16, reason: Option<Reason>, holds: &str) -> Result<Found, String> {
    same("status", &status, &got.status.as_u16())?;
    if !got.body.contains(holds) {
        return Err(format!("{holds:?} is not in the answer"));
    }
    Ok(Found { reason, mark: None })
}

/// The response in a review, if it is one to this request.
fn review(got: &Got, version: Option<&str>, uid: &str, reason: Reason) -> Result<Value, String> {
    same("status", &200, &got.status.as_u16())?;
    let mut answer: Value = serde_json::from_str(&got.body).map_err(|error| error.to_string())?;
    same("apiVersion", &version, &answer["apiVersion"].as_str())?;
    let response = answer["response"].take();
    same("uid", &uid, &response["uid"].as_str().unwrap_or_default())?;
    same("allowed", &(reason.verdict() != Verdict::Refused), &(response["allowed"] == true))?;
    if version.is_some() {
        same("reason", &reason.code(), &response["auditAnnotations"]["reason"].as_str().unwrap_or_default())?;
    }
    Ok(response)
}

fn injected(who: Who, ask: &Ask, response: &Value, holds: &[String], wholly: bool) -> Result<Found, String> {
    let patch =
        STANDARD.decode(response["patch"].as_str().ok_or("no patch")?).map_err(|it| it.to_string())?;
    let text = std::str::from_utf8(&patch).map_err(|error| error.to_string())?;
    let sidecar = format!(r#""name":"{}""#, who.sidecar());
    if let Some(missing) = holds.iter().chain([&sidecar]).find(|part| !text.contains(part.as_str())) {
        return Err(format!("{missing:?} is not in the patch {text:.500}"));
    }
    let mark = mark(text, who.marks())?;
    if wholly {
        applies(who, ask, &patch)?;
    }
    Ok(Found { reason: Some(Reason::Injected), mark })
}

fn without_a_patch(response: &Value, reason: Reason) -> Result<Found, String> {
    if response.get("patch").is_some() {
        return Err("a patch for a pod that gets no sidecar".to_owned());
    }
    Ok(Found { reason: Some(reason), mark: None })
}

fn refused(response: &Value, reason: Reason, holds: &[String]) -> Result<Found, String> {
    let message = response["status"]["message"].as_str().unwrap_or_default();
    if message.is_empty() || !holds.iter().all(|part| message.contains(part.as_str())) {
        return Err(format!("{holds:?} is not in the message"));
    }
    Ok(Found { reason: Some(reason), mark: None })
}

/// The number behind each `mark` of a text: the same everywhere, and in so many places at least, or what was answered was
/// made of two configurations.
fn mark(text: &str, places: usize) -> Result<Option<u64>, String> {
    let number = |rest: &str| {
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        digits.parse::<u64>().ok()
    };
    let marks: Vec<u64> = text.split("mark").skip(1).filter_map(number).collect();
    if marks.len() < places || marks.iter().any(|mark| *mark != marks[0]) {
        return Err(format!("marks {marks:?}, {places} of one configuration are due"));
    }
    Ok(marks.first().copied())
}

/// Whether the patch makes a pod with its sidecar, in which everything of the pod is still there.
fn applies(who: Who, ask: &Ask, patch: &[u8]) -> Result<(), String> {
    let review: Value = serde_json::from_slice(&ask.body).map_err(|error| error.to_string())?;
    let before = &review["request"]["object"];
    let patch: json_patch::Patch = serde_json::from_slice(patch).map_err(|error| error.to_string())?;
    let mut after = before.clone();
    json_patch::patch(&mut after, &patch).map_err(|error| error.to_string())?;
    let all = names(&after);
    let wanted = names(before).into_iter().chain([who.sidecar()]);
    match wanted.into_iter().find(|name| !all.contains(name)) {
        Some(missing) => Err(format!("no container {missing} in the pod that the patch makes: {all:?}")),
        None => Ok(()),
    }
}

fn names(pod: &Value) -> Vec<&str> {
    let of = |key: &str| pod["spec"][key].as_array().map_or(&[][..], Vec::as_slice);
    of("containers").iter().chain(of("initContainers")).filter_map(|it| it["name"].as_str()).collect()
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, wanted: &T, got: &T) -> Result<(), String> {
    if wanted == got { Ok(()) } else { Err(format!("{what}: {got:?} where {wanted:?} is due")) }
}
