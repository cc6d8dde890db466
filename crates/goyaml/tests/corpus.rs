//! The corpora: YAML texts with what Go's `sigs.k8s.io/yaml` makes of them, and values with the YAML it writes.

#![allow(clippy::panic, reason = "a test says so when its corpus is missing")]

use std::collections::HashMap;
use std::path::PathBuf;

use pillion_govalue::{Value, json, parse};

fn corpus(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus/yaml").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// What our reader makes of `text`, in the corpus's form: JSON as Go writes it, or `ERR` and the message.
fn read(text: &str) -> String {
    match pillion_goyaml::parse(text) {
        Ok(value) => json::to_string(&value, json::GO_MAP),
        Err(e) => format!("ERR {e}"),
    }
}

#[test]
fn every_hand_written_case_reads_as_go_reads_it() {
    let cases: Vec<(String, String)> = serde_json::from_str(&corpus("cases.json")).unwrap();
    let go: HashMap<String, String> = serde_json::from_str(&corpus("go.json")).unwrap();
    let mut wrong = Vec::new();
    for (name, text) in &cases {
        let (ours, theirs) = (read(text), &go[name]);
        if ours != *theirs {
            wrong.push(format!("{name}: {text:?}\n  ours {ours}\n  Go   {theirs}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// Rows that `examples/against_go` found: see there for how they were chosen and what `err` leaves out.
#[test]
fn every_generated_case_reads_and_writes_as_in_go() {
    let corpus = corpus("generated.jsonl");
    let mut wrong = Vec::new();
    for line in corpus.lines() {
        let row = parse(line.as_bytes()).unwrap();
        let (ours, theirs) = if let Some(value) = row.get("value") {
            (pillion_goyaml::to_yaml(value).ok(), row.get("yaml").and_then(Value::as_str).map(str::to_owned))
        } else {
            let ours = read(row.get("yaml").and_then(Value::as_str).unwrap());
            let theirs = match (row.get("json"), row.get("err")) {
                (Some(json), _) => json.as_str().unwrap().to_owned(),
                (_, err) => format!("ERR {}", err.and_then(Value::as_str).unwrap()),
            };
            let same = ours == theirs || ours.starts_with("ERR") && ours.starts_with(&theirs);
            (Some(if same { theirs.clone() } else { ours }), Some(theirs))
        };
        if ours != theirs {
            wrong.push(format!("{line}\n  ours {ours:?}"));
        }
    }
    let total = corpus.lines().count();
    assert!(total > 2000, "only {total} rows");
    assert!(wrong.is_empty(), "{} of {total} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn borrowing_reads_the_same_as_copying() {
    for line in corpus("generated.jsonl").lines() {
        let row = parse(line.as_bytes()).unwrap();
        let text = row.get("yaml").and_then(Value::as_str).unwrap_or("");
        let borrowed = pillion_goyaml::parse_borrowed(text).map(|v| json::to_string(&v, json::PLAIN));
        let copied = pillion_goyaml::parse(text).map(|v| json::to_string(&v, json::PLAIN));
        assert_eq!(borrowed, copied, "{text:?}");
    }
}
