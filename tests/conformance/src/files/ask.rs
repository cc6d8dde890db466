//! Both asked about the same manifests: Istio through its oracle, Pillion through the library that `pillion inject`
//! runs. Owns how, and what an answer holds; never judges.

use anyhow::Result;
use pillion::files::{Injector, Told};
use pillion_core::config::Snapshot;
use pillion_core::inject::Reason;
use serde::Deserialize;
use serde_json::{Value, json};

use super::cause;
use crate::configuration::Configuration;
use crate::oracle::Oracle;

/// What became of one manifest, in the same form for both.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Why nothing came out.
    pub error: Option<String>,
    /// What kind of fault that is.
    pub cause: Option<cause::Cause>,
    /// The pods that were passed over, in order, and why: `host network` or `disabled`.
    pub skips: Vec<&'static str>,
    /// The objects that came out, as Go reads them.
    pub objects: Vec<Value>,
    /// The text that came out.
    pub text: String,
    /// For each object whether it was injected; only Pillion says so.
    pub injected: Vec<bool>,
}

/// A line of the oracle's `manifests`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Said {
    /// The text that came out.
    pub text: String,
    /// Istio's warnings.
    pub warnings: Vec<String>,
    /// Why nothing came out, or could not be read.
    pub err: String,
    /// The objects.
    pub objects: Vec<Value>,
    /// For each why an API server would not decode it.
    pub strict: Vec<String>,
}

/// A question for `manifests`: inject the text.
#[must_use]
pub fn inject(text: &str) -> Value {
    json!({"text": text})
}

/// A question for `manifests`: read the text's objects, as Go's types have them or as they are.
#[must_use]
pub fn read(text: &str, typed: bool) -> Value {
    json!({"text": text, "mode": if typed { "read" } else { "raw" }})
}

impl Said {
    /// Istio's answer in the common form.
    #[must_use]
    pub fn answer(self) -> Answer {
        let skips = self.warnings.iter().map(|warning| {
            if warning.contains("has host networking enabled") { "host network" } else { "disabled" }
        });
        let error = Some(self.err).filter(|text| !text.is_empty());
        Answer {
            cause: error.as_deref().map(cause::of_istio),
            error,
            skips: skips.collect(),
            objects: self.objects,
            text: self.text,
            injected: vec![],
        }
    }
}

/// Asks the oracle, in one process.
pub fn oracle(
    oracle: &Oracle,
    configuration: &Configuration,
    dir: &std::path::Path,
    questions: Vec<Value>,
) -> Result<Vec<Said>> {
    oracle.manifests(configuration, dir, questions.into_iter())
}

/// Pillion's answer; its objects are still to be read.
#[must_use]
pub fn pillion(snapshot: &Snapshot, text: &str) -> Answer {
    // As the command line has it where nothing is said.
    let injector = Injector { snapshot: snapshot.clone(), namespace: "default".to_owned(), now: 0 };
    let mut answer = Answer::default();
    let done = injector.inject("manifest", text, |note| match note.what {
        Told::NotInjected(Reason::HostNetwork) => answer.skips.push("host network"),
        Told::NotInjected(_) => answer.skips.push("disabled"),
        Told::Warning(_) => {}
    });
    match done {
        Ok(done) => {
            let documents = done.injected.documents.iter().filter(|document| !document.before.is_null());
            answer.injected = documents.map(|document| document.after.is_some()).collect();
            answer.text = done.injected.text;
        }
        Err(error) => {
            answer.cause = Some(cause::of_pillion(&error));
            answer.error = Some(error.to_string());
        }
    }
    answer
}
