//! Holds the merge against the answers of Go's code in `tests/corpus/merge.jsonl`
//! (made by `examples/merge_corpus`), or in the file that `MERGE_CORPUS` names. Where Go fails, failing is what counts; equal words are counted.

use pillion_govalue::encode::go_json;
use pillion_govalue::types::KNOWN;
use pillion_govalue::{Value, json, parse};

use super::{Merge, Overlay};

const CORPUS: &str = include_str!("../../../../tests/corpus/merge.jsonl");

/// What we answer to a question of the corpus, as JSON with sorted keys, or the error's text.
fn answer(unit: &str, original: &Value<'_>, patch: &Value<'_>) -> Result<String, String> {
    let rules = match unit {
        "merge" => Merge::EXACT,
        "overlay" => Merge { typed: false, ..Merge::TYPED },
        _ => Merge::TYPED,
    };
    let merged = rules.top(original, patch, KNOWN.pod).map_err(|e| e.to_string());
    if unit == "inject" {
        // An overlay that was looked at beforehand makes the same, to the byte.
        let once = Overlay::new(patch, KNOWN.pod).over(original).map_err(|e| e.to_string());
        let text = |merged: &Result<Value<'_>, String>| {
            merged.as_ref().map(|merged| json::to_string(merged, json::PLAIN)).map_err(String::clone)
        };
        assert_eq!(text(&once), text(&merged));
    }
    let mut merged = merged?;
    match unit {
        "inject" => {
            // The answering program leaves managed fields out, as injection does.
            let _ = merged.get_mut("metadata").and_then(Value::as_map_mut).map(|m| m.remove("managedFields"));
            go_json(&merged, KNOWN.pod).map_err(|e| e.to_string())
        }
        _ => Ok(json::to_string(&merged, json::GO_MAP)),
    }
}

#[test]
fn every_merge_of_the_corpus_ends_as_in_go() {
    let (mut cases, mut failing, mut equal_words) = (0, 0, 0);
    let mut wrong = Vec::new();
    let other = std::env::var_os("MERGE_CORPUS").map(|file| std::fs::read_to_string(file).unwrap());
    for line in other.as_deref().unwrap_or(CORPUS).lines() {
        let case = parse(line.as_bytes()).unwrap();
        let member = |key| case.get(key).unwrap();
        let unit = member("unit").as_str().unwrap();
        let got = answer(unit, member("original"), member("patch"));
        cases += 1;
        match (case.get("err").and_then(Value::as_str), &got) {
            (Some(want), Err(got)) => {
                failing += 1;
                equal_words += usize::from(want == got);
            }
            (None, Ok(got)) if parse(got.as_bytes()).unwrap() == *member("merged") => {}
            _ => wrong.push(format!("{got:?}\n  for {line}")),
        }
    }
    println!(
        "merge corpus: {} of {cases} as Go; of {failing} errors {equal_words} in the same words",
        cases - wrong.len()
    );
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong[..wrong.len().min(12)].join("\n"));
    assert!(cases >= 2_000);
}
