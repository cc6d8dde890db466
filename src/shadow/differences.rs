//! [`Differences`]: the last answers that differed, for whoever looks (`GET /differences`). Bounded in number and each in
//! size. The values are those of the redacted review, so that nothing secret is among them.
//! Never: pods, and what both injectors said alike.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::report::Subject;
use crate::trial::change::Change;

/// Most fields that are told of one answer, and the longest value, in bytes.
const MAX_FIELDS: usize = 50;
const MAX_VALUE: usize = 1024;

/// An answer that differed.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// When, as RFC 3339 has it.
    pub time: String,
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name, or the beginning of it.
    pub pod: String,
    /// What the pod belongs to.
    pub workload: String,
    /// The URL's path.
    pub path: String,
    /// Whether the values are told.
    pub values: bool,
    /// Where the answers differ.
    pub fields: Vec<Field>,
    /// How many more fields differ.
    pub more: usize,
}

/// One place where two answers differ; what is not there is `null`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// `spec.containers[istio-proxy].image`.
    pub field: String,
    /// What the upstream has there.
    pub upstream: Option<String>,
    /// What we have there.
    pub pillion: Option<String>,
}

/// The last differences, the newest last.
#[derive(Debug)]
pub struct Differences {
    keep: usize,
    last: Mutex<VecDeque<Difference>>,
}

impl Difference {
    /// What differs about a pod. Without `values` only the fields' names are told.
    #[must_use]
    pub fn of(time: String, subject: &Subject, path: &str, changes: Vec<Change>, values: bool) -> Self {
        let more = changes.len().saturating_sub(MAX_FIELDS);
        let value = |text: Option<String>| text.filter(|_| values).map(|text| cut(&text));
        let fields = changes.into_iter().take(MAX_FIELDS).map(|Change { field, old, new }| Field {
            field: cut(&field),
            upstream: value(old),
            pillion: value(new),
        });
        Self {
            time,
            namespace: cut(&subject.namespace),
            pod: cut(&subject.pod),
            workload: cut(&subject.workload),
            path: cut(path),
            values,
            fields: fields.collect(),
            more,
        }
    }

    /// The names of the fields.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.fields.iter().map(|field| field.field.as_str()).collect()
    }
}

impl Differences {
    /// Keeps so many.
    #[must_use]
    pub fn new(keep: usize) -> Self {
        Self { keep, last: Mutex::default() }
    }

    /// Takes one in, and lets the oldest go.
    pub fn push(&self, difference: Difference) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.push_back(difference);
        while last.len() > self.keep {
            last.pop_front();
        }
    }

    /// All that are kept, the oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<Difference> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

/// A text as long as it may be.
fn cut(text: &str) -> String {
    if text.len() <= MAX_VALUE {
        return text.to_owned();
    }
    text[..text.floor_char_boundary(MAX_VALUE)].to_owned() + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(fields: usize, value: &str, values: bool) -> Difference {
        let change = |at| Change { field: format!("f{at}"), old: Some(value.to_owned()), new: None };
        let subject = Subject { pod: format!("pod-{fields}").into(), ..Subject::default() };
        Difference::of("now".into(), &subject, "/inject", (0..fields).map(change).collect(), values)
    }

    #[test]
    fn the_last_are_kept_and_none_is_large() {
        let kept = Differences::new(2);
        for fields in 1..4 {
            kept.push(difference(fields, "x", true));
        }
        let pods: Vec<String> = kept.list().into_iter().map(|it| it.pod).collect();
        assert_eq!(pods, ["pod-2", "pod-3"]);
        let large = difference(MAX_FIELDS + 7, &"é".repeat(MAX_VALUE), true);
        assert_eq!((large.fields.len(), large.more), (MAX_FIELDS, 7));
        assert!(large.fields[0].upstream.as_ref().unwrap().len() <= MAX_VALUE + '…'.len_utf8());
    }

    #[test]
    fn without_values_names_are_told() {
        let told = difference(1, "secret", false);
        assert_eq!(told.names(), ["f0"]);
        assert!(!serde_json::to_string(&told).unwrap().contains("secret"));
    }
}
