//! What differs asked again, with the rows of [`super::rows`] said outright: what is left, and which rows it took.

use anyhow::Result;
use pillion_core::config::Snapshot;
use serde_json::Value;

use super::ask::{self, Answer, Said};
use super::manifest::Manifest;
use super::question::Asked;
use super::rows::{By, TABLE};
use super::run::Job;
use super::{judge, rewrite};
use crate::compare::Difference;

/// What the rows make of a manifest whose answers differ.
#[derive(Default)]
pub(super) struct Excuse {
    /// The rows that are needed.
    pub(super) rows: Vec<&'static str>,
    /// What differs although all of them are said outright.
    pub(super) left: Vec<Difference>,
}

/// A manifest asked again with some of the rows said outright.
struct Variant {
    /// Which rows, by their place in the table.
    rows: Vec<usize>,
    /// The documents as they were, where the question is rewritten.
    originals: Option<Vec<Value>>,
    pillion: Answer,
}

/// Asks about every differing manifest with all the rows that bear on it, and with all but each one.
pub(super) fn excuses(
    job: &Job<'_>,
    snapshot: &Snapshot,
    asked: &Asked,
    differing: &[usize],
) -> Result<Vec<Excuse>> {
    let (mut questions, mut variants) = (vec![], vec![]);
    let mut spans = vec![];
    for at in differing {
        let rows = asked.bearing(*at, job.release, snapshot);
        let without = (0..rows.len()).map(|left_out| {
            let mut some = rows.clone();
            some.remove(left_out);
            some
        });
        // A single row is needed in any case.
        let all: Vec<Vec<usize>> =
            std::iter::once(rows.clone()).chain(without.filter(|_| rows.len() > 1)).collect();
        let start = variants.len();
        for rows in all {
            let variant =
                Variant::ask(rows, &asked.manifests[*at], &asked.documents[*at], snapshot, &mut questions);
            variants.push(variant);
        }
        spans.push(start..variants.len());
    }
    let mut said = ask::oracle(job.oracle, job.configuration, &job.dir, questions)?.into_iter();
    let left: Vec<Vec<Difference>> = variants
        .iter_mut()
        .map(|variant| {
            let istio = said.next().unwrap_or_default();
            variant.judge(istio, said.next().unwrap_or_default())
        })
        .collect();
    Ok(spans
        .into_iter()
        .map(|span| {
            let all = &variants[span.start].rows;
            let needed = all.iter().enumerate().filter(|(at, _)| {
                left.get(span.start + 1 + at).is_some_and(|differences| !differences.is_empty())
            });
            let mut rows: Vec<&str> = needed.map(|(_, row)| TABLE[*row].name).collect();
            if rows.is_empty() {
                // Several of them say the same.
                rows.extend(all.first().map(|row| TABLE[*row].name));
            }
            Excuse { rows, left: left[span.start].clone() }
        })
        .collect())
}

impl Variant {
    /// Asks Pillion, and puts the questions for Istio, and for reading Pillion's answer, to the others.
    fn ask(
        rows: Vec<usize>,
        manifest: &Manifest,
        documents: &[Value],
        snapshot: &Snapshot,
        questions: &mut Vec<Value>,
    ) -> Self {
        let mut snapshot = snapshot.clone();
        let mut rewritten = documents.to_vec();
        let (mut stream, mut both): (bool, Vec<fn(&mut Value)>) = (false, vec![]);
        let mut asked: Option<Vec<Value>> = None;
        for row in &rows {
            match &TABLE[*row].by {
                By::Configuration(change) => drop(change(&mut snapshot)),
                By::Stream(_) => stream = true,
                By::Question(change, _) => {
                    stream = true;
                    rewrite::each(&mut rewritten, &mut |object| change(object));
                }
                By::Asked(change) => {
                    stream = true;
                    let asked = asked.get_or_insert_with(|| documents.to_vec());
                    rewrite::each(asked, &mut |object| change(object));
                    rewrite::each(&mut rewritten, &mut |object| change(object));
                }
                By::Both(change) => {
                    stream = true;
                    both.push(*change);
                    rewrite::each(&mut rewritten, &mut |object| change(object));
                }
            }
        }
        let text = if stream { rewrite::stream(&rewritten) } else { manifest.text.clone() };
        questions.push(ask::inject(&text));
        let of_pillion = asked.map_or_else(|| manifest.text.clone(), |documents| rewrite::stream(&documents));
        let mut pillion = ask::pillion(&snapshot, &of_pillion);
        if !both.is_empty() {
            pillion.text = without(&pillion.text, &both);
        }
        questions.push(ask::read(&pillion.text, true));
        Self { rows, originals: stream.then(|| documents.to_vec()), pillion }
    }

    fn judge(&mut self, istio: Said, read: Said) -> Vec<Difference> {
        let mut istio = istio.answer();
        if let Some(originals) = &self.originals {
            for row in self.rows.iter().rev() {
                if let By::Question(_, undo) = &TABLE[*row].by {
                    rewrite::each_pair(&mut istio.objects, originals, &mut |object, original| {
                        undo(object, original)
                    });
                }
            }
        }
        self.pillion.objects = read.objects;
        // What is torn differs for no row.
        judge::compare(&istio, &self.pillion, false)
    }
}

/// Pillion's text with parts of its objects left out.
fn without(text: &str, changes: &[fn(&mut Value)]) -> String {
    let mut documents: Vec<Value> = pillion_goyaml::documents(text)
        .iter()
        .filter_map(|document| pillion_goyaml::parse(document.text).ok())
        .filter(|value| !value.is_null())
        .filter_map(|value| {
            let json = pillion_govalue::json::to_string(&value, pillion_govalue::json::PLAIN);
            serde_json::from_str(&json).ok()
        })
        .collect();
    for change in changes {
        rewrite::each(&mut documents, &mut |object| change(object));
    }
    rewrite::stream(&documents)
}
