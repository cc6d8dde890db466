//! [`Memory`]: whether remembered answers are those that would be worked out. Each pod is asked about several times, as
//! if replicas of it came: with other uids, times, token volumes, ordinals, nodes. Never: what Istio answers.

use std::sync::{Arc, LazyLock};

use clap::ValueEnum;
use pillion::Capacity;
use pillion::engine::{Engine, Preview};
use pillion::telemetry::Metrics;
use pillion_core::config::{KnownRoots, Snapshot};
use pillion_goyaml::Blocks;
use pillion_kubepatch::Parts;
use regex::{Captures, Regex};
use serde_json::{Map, Value};

/// How much is remembered while pods are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Memo {
    /// What the webhook remembers.
    #[default]
    On,
    /// Nothing.
    Off,
    /// One answer.
    One,
}

/// Fired where a remembered answer is not the one that is worked out.
pub const BROKEN_MEMORY: &str = "broken: an answer from memory is not the one that is worked out";
/// Fired where an answer came from memory.
pub const REMEMBERED: &str = "memory: answered a replica";
/// Fired where no memory answers a replica: what differs has a part in the answer.
pub const WORKED_OUT: &str = "memory: worked out a replica";

/// Replicas of each pod that are asked about, one after the other.
const REPLICAS: usize = 3;

/// Two engines under one configuration: one remembers, the other does not.
pub struct Memory {
    remembers: Arc<Engine>,
    works_out: Arc<Engine>,
}

impl Memo {
    /// The memory of what templates render.
    #[must_use]
    pub fn blocks(self) -> Blocks {
        match self {
            Self::On => Blocks::default(),
            Self::Off => Blocks::new(0),
            Self::One => Blocks::new(1),
        }
    }
}

impl Memory {
    /// Of this configuration; `None` where nothing is to be remembered.
    #[must_use]
    pub fn new(memo: Memo, snapshot: &Snapshot) -> Option<Self> {
        let capacity = match memo {
            Memo::Off => return None,
            Memo::On => Capacity::default(),
            Memo::One => Capacity::One,
        };
        let engine = |capacity, snapshot| {
            let engine = Engine::with_memo(Arc::new(Metrics::new("default")), capacity);
            engine.replace(snapshot);
            engine
        };
        // Nothing is remembered there at all, and no template is folded.
        let (blocks, known, parts) = (Blocks::new(0), KnownRoots::default(), Parts::default());
        let plain = Snapshot { blocks, known, parts, ..snapshot.clone() };
        Some(Self { remembers: engine(capacity, snapshot.clone()), works_out: engine(Capacity::Off, plain) })
    }

    /// Asks about replicas of a pod and names what it saw.
    #[must_use]
    pub fn replicas(&self, path: &str, body: &[u8]) -> Vec<String> {
        let Some(body) = as_api_servers_write(body) else { return vec![] };
        let mut fired = Vec::new();
        for number in 0..REPLICAS {
            let body = replica(&body, number);
            let known = self.remembers.recall(path, body.as_bytes(), Preview::No).is_some();
            let (answer, _) = self.remembers.admit(path, body.as_bytes(), Preview::No);
            let (expected, _) = self.works_out.admit(path, body.as_bytes(), Preview::No);
            let report = |answer: &pillion::engine::Reply| {
                let report = &answer.report;
                (report.reason, report.message.clone(), report.warnings.clone(), report.tone())
            };
            if answer.body != expected.body || report(&answer) != report(&expected) {
                fired.push(BROKEN_MEMORY.to_owned());
            }
            if number + 1 == REPLICAS {
                fired.push(if known { REMEMBERED } else { WORKED_OUT }.to_owned());
            }
        }
        fired
    }
}

/// The same review with its members in the order in which API servers write them: that is how replicas look alike.
fn as_api_servers_write(body: &[u8]) -> Option<String> {
    let mut review: Value = serde_json::from_slice(body).ok()?;
    let take = |members: &mut Map<String, Value>, names: &[&str]| {
        let first = names.iter().filter_map(|name| Some(format!("{:?}:{}", name, members.remove(*name)?)));
        let first: Vec<String> = first.collect();
        let rest = members.iter().map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())));
        format!("{{{}}}", first.into_iter().chain(rest).collect::<Vec<_>>().join(","))
    };
    let request = take(review.get_mut("request")?.as_object_mut()?, &["uid", "kind", "resource"]);
    let review = review.as_object_mut()?;
    review.remove("request");
    let head = take(review, &["kind", "apiVersion"]);
    let head = head.strip_suffix('}')?;
    Some(format!("{head},\"request\":{request}}}"))
}

/// What is written for the replica of a number.
type Make = fn(usize) -> String;

/// What a controller and an API server write anew for each pod.
static ANEW: LazyLock<Vec<(Regex, Make)>> = LazyLock::new(|| {
    let rows: [(&str, Make); 6] = [
        (r#"("request":\{"uid":")[^"]*"#, |n| format!("0000-{n}")),
        (r#"("time":"\d{4}-\d\d-\d\dT\d\d:\d\d:)\d\d"#, |n| format!("{:02}", n + 10)),
        ("(kube-api-access-)[a-z0-9]{5}\\b", |n| format!("zz{n:03}")),
        (r#"("apps.kubernetes.io/pod-index":"|"batch.kubernetes.io/job-completion-index":")\d+"#, |n| {
            n.to_string()
        }),
        (r#"("(?:hostname|statefulset.kubernetes.io/pod-name|claimName)":"[a-z0-9-]+-)\d+"#, |n| {
            n.to_string()
        }),
        (r#"("operator":"In","values":\["[a-z0-9.-]+)"#, |n| format!("-{n}")),
    ];
    rows.into_iter().filter_map(|(pattern, make)| Some((Regex::new(pattern).ok()?, make))).collect()
});

fn replica(body: &str, number: usize) -> String {
    ANEW.iter().fold(body.to_owned(), |body, (pattern, make)| {
        let anew = make(number);
        pattern.replace_all(&body, |found: &Captures<'_>| format!("{}{anew}", &found[1])).into_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_review_is_written_as_api_servers_write_it() {
        let body = br#"{"apiVersion":"v","kind":"k","request":{"object":{"a":"\u0041"},"uid":"u"}}"#;
        let written = as_api_servers_write(body).unwrap();
        assert_eq!(written, r#"{"kind":"k","apiVersion":"v","request":{"uid":"u","object":{"a":"A"}}}"#);
    }

    #[test]
    fn a_replica_differs_in_what_is_made_anew() {
        let body = r#"{"request":{"uid":"u","hostname":"web-0","v":"kube-api-access-abcde","time":"2026-05-01T10:00:00Z"}}"#;
        let replica = replica(body, 7);
        assert_eq!(
            replica,
            r#"{"request":{"uid":"0000-7","hostname":"web-7","v":"kube-api-access-zz007","time":"2026-05-01T10:00:17Z"}}"#
        );
        assert_eq!(ANEW.len(), 6);
    }
}
