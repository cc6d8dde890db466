//! An answer to an admission call, as it came and as it is read. The same reading for both injectors.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// What came back over HTTP, or would have.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// HTTP status.
    pub code: u16,
    /// HTTP body.
    pub body: Vec<u8>,
    /// The injector died of the question.
    pub panicked: bool,
    /// What the injector says ran: passes, gates, reasons. Counted in the coverage table.
    pub fired: Vec<String>,
}

/// What an answer decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Allowed, with a patch.
    Injected,
    /// Allowed, untouched.
    Skipped,
    /// Not allowed.
    Refused,
    /// Another HTTP status than 200.
    Http(u16),
    /// No answer at all.
    Panicked,
    /// A body that is no review.
    Unreadable,
}

/// An answer, read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// What it decides.
    pub verdict: Verdict,
    /// Why, where it refuses.
    pub message: String,
    /// The JSON Patch; null without one.
    pub patch: Value,
    /// The rest of the review that must be the same: versions, uid, kind of patch.
    pub envelope: Value,
    /// What the review tells beside its verdict, which is not compared: Istio tells nothing.
    pub told: Told,
}

/// What a review tells beside its verdict.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// To the user: a list; null without.
    pub warnings: Value,
    /// To the audit log: an object; null without.
    pub audit: Value,
}

impl Answer {
    /// Reads the review in the body.
    #[must_use]
    pub fn read(&self) -> Reading {
        let unread = |verdict| Reading {
            verdict,
            message: String::new(),
            patch: Value::Null,
            envelope: json!({}),
            told: Told::default(),
        };
        if self.panicked {
            return unread(Verdict::Panicked);
        }
        if self.code != 200 {
            return unread(Verdict::Http(self.code));
        }
        let Ok(review) = serde_json::from_slice::<Value>(&self.body) else {
            return unread(Verdict::Unreadable);
        };
        let response = &review["response"];
        let patch = match response["patch"].as_str() {
            None => Value::Null,
            Some(text) => match STANDARD.decode(text).ok().and_then(|b| serde_json::from_slice(&b).ok()) {
                Some(patch) => patch,
                None => return unread(Verdict::Unreadable),
            },
        };
        let verdict = match response["allowed"].as_bool() {
            Some(true) if patch.is_null() => Verdict::Skipped,
            Some(true) => Verdict::Injected,
            Some(false) => Verdict::Refused,
            None => return unread(Verdict::Unreadable),
        };
        let envelope = json!({
            "apiVersion": review["apiVersion"],
            "kind": review["kind"],
            "uid": response["uid"],
            "patchType": response["patchType"],
        });
        let message = response["status"]["message"].as_str().unwrap_or_default().to_owned();
        let told =
            Told { warnings: response["warnings"].clone(), audit: response["auditAnnotations"].clone() };
        Reading { verdict, message, patch, envelope, told }
    }
}
