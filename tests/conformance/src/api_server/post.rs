//! Creating pods with dry run: many at a time, over a few connections that stay open. Owns how a pod is made fit to be
//! posted: only what a caller of the API would do as well. Never judges.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, anyhow};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use pillion_control_plane::Client;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::outcome::Outcome;
use crate::case::Case;

/// Connections at once, of each comparing thread. The API server is as busy as this program.
const CONNECTIONS: usize = 3;

/// A pod to be created.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) namespace: String,
    pub(super) pod: Value,
}

/// Outcomes of one case: the pod as it was, after Istio, after Pillion.
pub(super) type Outcomes = [Arc<Outcome>; 3];

/// Every answer, and how many pods were created for it.
#[derive(Debug, Default)]
pub(super) struct Answered {
    pub(super) outcomes: Vec<Outcomes>,
    pub(super) creates: usize,
}

/// Outcomes of pods as they were: the same ones come under every configuration.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<HashMap<[u8; 32], Arc<Outcome>>>);

impl Question {
    /// The pod, on its way into the namespace of its review, or into its own as kubectl would send it there.
    pub(super) fn of(case: &Case, pod: &Value) -> Self {
        let named = |value: &Value| value.as_str().filter(|name| !name.is_empty()).map(str::to_owned);
        let namespace = named(&pod["metadata"]["namespace"])
            .or_else(|| named(&case.review["request"]["namespace"]))
            .unwrap_or_else(|| "default".to_owned());
        let mut pod = pod.clone();
        if pod["metadata"].is_null() {
            pod["metadata"] = json!({});
        }
        if let Some(metadata) = pod["metadata"].as_object_mut() {
            // The API server keeps them itself, and Go's judge has dropped them.
            metadata.remove("managedFields");
            let unnamed = |field: &str| metadata.get(field).is_none_or(|v| v.is_null() || v == "");
            if unnamed("name") && unnamed("generateName") {
                metadata.insert("name".to_owned(), json!("nameless"));
            }
        }
        Self { namespace, pod }
    }

    /// Warn takes what Ignore takes, and tells what Strict would refuse.
    fn path(&self) -> String {
        format!("/api/v1/namespaces/{}/pods?dryRun=All&fieldValidation=Warn", encoded(&self.namespace))
    }

    fn ask(&self, client: &Client) -> Result<Outcome> {
        Outcome::read(client.post(&self.path(), &self.pod)?, &self.pod)
    }

    fn digest(&self) -> [u8; 32] {
        Sha256::digest(format!("{} {}", self.namespace, self.pod)).into()
    }
}

/// A name as a part of a path.
pub(super) fn encoded(name: &str) -> String {
    utf8_percent_encode(name, NON_ALPHANUMERIC).to_string()
}

/// Creates all of them.
pub(super) fn all(client: &Client, questions: &[[Question; 3]], cache: &Cache) -> Result<Answered> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new((vec![None; questions.len()], 0, vec![]));
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                while let Some((at, three)) = take(&next, questions) {
                    let asked = ask(client, three, cache);
                    let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                    match asked {
                        Ok((outcomes, creates)) => {
                            done.0[at] = Some(outcomes);
                            done.1 += creates;
                        }
                        Err(error) => {
                            done.2.push(error);
                            // The others would only wait for the same.
                            next.store(questions.len(), Ordering::Relaxed);
                        }
                    }
                }
            });
        }
    });
    let (outcomes, creates, errors) = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(error) = errors.into_iter().next() {
        return Err(error);
    }
    let outcomes: Option<Vec<Outcomes>> = outcomes.into_iter().collect();
    let outcomes = outcomes.ok_or_else(|| anyhow!("a pod was not posted"))?;
    Ok(Answered { outcomes, creates })
}

fn take<'q, T>(next: &AtomicUsize, questions: &'q [T]) -> Option<(usize, &'q T)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    questions.get(at).map(|question| (at, question))
}

fn ask(
    client: &Client,
    [original, istio, pillion]: &[Question; 3],
    cache: &Cache,
) -> Result<(Outcomes, usize)> {
    let digest = original.digest();
    let known = cache.0.lock().unwrap_or_else(PoisonError::into_inner).get(&digest).cloned();
    let (original, creates) = match known {
        Some(known) => (known, 2),
        None => {
            // Only the verdict and the warnings are asked for, and there are many.
            let outcome = Arc::new(original.ask(client)?.without_pod());
            let mut cache = cache.0.lock().unwrap_or_else(PoisonError::into_inner);
            cache.insert(digest, Arc::clone(&outcome));
            (outcome, 3)
        }
    };
    Ok(([original, istio.ask(client)?.into(), pillion.ask(client)?.into()], creates))
}
