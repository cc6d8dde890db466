//! The corpora: YAML texts with what Go's `sigs.k8s.io/yaml` makes of them, and values with the YAML it writes.

use std::collections::HashMap;
use std::path::PathBuf;

use pillion_govalue::json;

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
