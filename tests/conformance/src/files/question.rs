//! [`Asked`]: all manifests of one release and configuration, asked of both and judged. Never: why answers differ.

use anyhow::Result;
use pillion_core::config::Snapshot;
use serde_json::Value;

use super::ask::{self, Answer, Said};
use super::manifest::Manifest;
use super::rows::{Answers, By, Row, TABLE};
use super::run::Job;
use super::{judge, rewrite};
use crate::compare::Difference;

/// All manifests of a job with both answers.
pub(super) struct Asked {
    pub(super) manifests: Vec<Manifest>,
    /// The documents as Go reads them, untyped; none where it cannot.
    pub(super) documents: Vec<Vec<Value>>,
    pub(super) istio: Vec<Answer>,
    pub(super) pillion: Vec<Answer>,
    pub(super) found: Vec<Found>,
}

/// What a comparison found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) differences: Vec<Difference>,
    pub(super) broken: Vec<String>,
}

impl Found {
    fn nothing(&self) -> bool {
        self.differences.is_empty() && self.broken.is_empty()
    }
}

impl Asked {
    pub(super) fn new(job: &Job<'_>, snapshot: &Snapshot, manifests: Vec<Manifest>) -> Result<Self> {
        let mut pillion: Vec<Answer> =
            manifests.iter().map(|one| ask::pillion(snapshot, &one.text)).collect();
        let questions = manifests.iter().zip(&pillion).flat_map(|(one, answer)| {
            [
                ask::inject(&one.text),
                ask::read(&one.text, false),
                ask::read(&one.text, true),
                ask::read(&answer.text, true),
            ]
        });
        let mut said = ask::oracle(job.oracle, job.configuration, &job.dir, questions.collect())?.into_iter();
        let (mut istio, mut documents, mut found) = (vec![], vec![], vec![]);
        for (one, pillion) in manifests.iter().zip(&mut pillion) {
            let answer = said.next().unwrap_or_default().answer();
            let read = said.next().unwrap_or_default();
            let torn = !read.err.is_empty();
            documents.push(read.objects);
            let before = Before { text: &one.text, torn, strict: said.next().unwrap_or_default().strict };
            found.push(judged(&before, &answer, pillion, said.next().unwrap_or_default()));
            istio.push(answer);
        }
        Ok(Self { manifests, documents, istio, pillion, found })
    }

    pub(super) fn differing(&self) -> Vec<usize> {
        (0..self.found.len()).filter(|at| !self.found[*at].nothing()).collect()
    }

    /// The rows that change anything about a manifest or under this configuration.
    pub(super) fn bearing(&self, at: usize, release: &str, snapshot: &Snapshot) -> Vec<usize> {
        let (text, documents) = (&self.manifests[at].text, &self.documents[at]);
        // A row can bear only on what one before it has written.
        let mut rewritten = documents.clone();
        let mut changes = |change: &fn(&mut Value)| {
            let before = rewritten.clone();
            rewrite::each(&mut rewritten, &mut |object| change(object));
            before != rewritten
        };
        let mut bears = |row: &Row| {
            (row.when)(&Answers { release, istio: &self.istio[at], pillion: &self.pillion[at] })
                && match &row.by {
                    By::Stream(odd) => odd(text) && !documents.is_empty(),
                    By::Question(change, _) | By::Both(change) | By::Asked(change) => changes(change),
                    By::Configuration(change) => change(&mut snapshot.clone()),
                }
        };
        (0..TABLE.len()).filter(|row| bears(&TABLE[*row])).collect()
    }
}

/// A manifest as it was, and what Go makes of it.
struct Before<'a> {
    text: &'a str,
    torn: bool,
    /// For each object why an API server would not decode it.
    strict: Vec<String>,
}

/// Compares, with Pillion's objects as Go `read` them.
fn judged(before: &Before<'_>, istio: &Answer, pillion: &mut Answer, read: Said) -> Found {
    let unreadable = Some(read.err).filter(|why| !why.is_empty());
    pillion.objects = read.objects;
    let mut found = Found { differences: judge::compare(istio, pillion, before.torn), broken: vec![] };
    match unreadable {
        // What Go does not read in Pillion's text it must not read in Istio's either; that is a difference already.
        Some(why) if istio.error.is_none() => {
            found.broken.push(format!("Go does not read what came out: {why}"))
        }
        Some(_) => {}
        None => found.broken = judge::broken(before.text, pillion, &before.strict, &read.strict),
    }
    found
}
