//! [`Injector`]: whatever answers admission calls in this process. Owns the seam between the harness and Pillion.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::configuration::Configuration;
use crate::options::{Options, Peer};
use crate::pillion::Pillion;

/// Answers admission calls under one configuration.
pub trait Injector {
    /// The answer to a review that was posted to `path`.
    fn admit(&self, path: &str, review: &[u8]) -> Answer;
}

/// Allows every pod as it is.
#[derive(Debug)]
pub struct Null;

impl Injector for Null {
    fn admit(&self, _: &str, review: &[u8]) -> Answer {
        let review: Value = serde_json::from_slice(review).unwrap_or_default();
        let body = json!({
            "kind": review["kind"],
            "apiVersion": review["apiVersion"],
            "response": {"uid": review["request"]["uid"], "allowed": true},
        });
        Answer { code: 200, body: body.to_string().into_bytes(), ..Answer::default() }
    }
}

/// The injector under test, configured by what lies in `dir` and behaving as `release`; `None` where Istio is held against itself.
pub fn build(
    options: &Options,
    release: &str,
    configuration: &Configuration,
    dir: &Path,
) -> Result<Option<Box<dyn Injector>>> {
    Ok(match options.peer {
        Peer::Pillion => Some(Box::new(Pillion::load(release, configuration, dir, options.memo)?)),
        Peer::Null => Some(Box::new(Null)),
        Peer::Istio => None,
    })
}
