//! Makes `tests/corpus/merge.jsonl`: random pods and patches, with what Istio's and Kubernetes' own code makes of
//! them. `cargo run -p pillion-kubepatch --example merge_corpus -- PROGRAM COUNT SEED OUT`, where PROGRAM is the
//! answering program of `tests/conformance/oracle`. The same seed gives the same questions.
//!
//! Units: `merge` is apimachinery's strategic merge of JSON; `overlay` is Istio's of the same, which sees numbers
//! as floats; `inject` is what injection does: the pod decoded and written as Go does, the overlay laid over it,
//! and the outcome decoded and written again.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a tool for the developer at hand"
)]

mod generate;

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use generate::Generator;

/// Larger cases are left out, to keep the corpus small.
const MAX_BYTES: usize = 1_700;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [program, count, seed, out] = args.as_slice() else {
        panic!("usage: merge_corpus PROGRAM COUNT SEED OUT");
    };
    let (count, seed): (usize, u64) = (count.parse().unwrap(), seed.parse().unwrap());
    let mut lines = Vec::new();
    for (unit, share) in [("merge", 4), ("overlay", 2), ("inject", 4)] {
        let cases = cases(unit, seed, count * share / 10);
        let answers = match unit {
            "merge" => ask(program, "merge", &cases),
            "overlay" => ask(program, "overlay", &with_text(&cases)),
            _ => inject(program, &cases),
        };
        for (case, answer) in cases.into_iter().zip(answers) {
            let mut line = json!({"unit": unit, "original": case["original"], "patch": case["patch"]});
            // A crash is no answer.
            let Value::Object(answer) = answer else { continue };
            for (key, value) in &answer {
                line[if key == "json" { "merged" } else { key.as_str() }] = value.clone();
            }
            let line = line.to_string();
            if line.len() <= MAX_BYTES {
                lines.push(line);
            }
        }
    }
    std::fs::write(out, lines.join("\n") + "\n").unwrap();
    println!("{} cases", lines.len());
}

fn cases(unit: &str, seed: u64, count: usize) -> Vec<Value> {
    let mut generator = Generator::new(seed, unit == "inject");
    (0..count)
        .map(|_| {
            let original = generator.pod();
            let patch = generator.patch(&original);
            json!({"original": original, "patch": patch})
        })
        .collect()
}

/// JSON is YAML.
fn with_text(cases: &[Value]) -> Vec<Value> {
    cases.iter().map(|c| json!({"original": c["original"], "text": c["patch"].to_string()})).collect()
}

/// Decoded and written, merged, decoded and written: an error of any step is the answer.
fn inject(program: &str, cases: &[Value]) -> Vec<Value> {
    let decode = |pods: Vec<Value>| {
        let questions: Vec<_> = pods.into_iter().map(|p| json!({"original": p, "patch": []})).collect();
        ask(program, "apply", &questions)
    };
    // A crash while merging must not be taken for a pod.
    let typed = decode(cases.iter().map(|c| c["original"].clone()).collect());
    let questions: Vec<_> = typed
        .iter()
        .zip(cases)
        .map(|(t, c)| json!({"original": t.get("json").unwrap_or(&Value::Null), "text": c["patch"].to_string()}))
        .collect();
    let merged = ask(program, "overlay", &questions);
    let pods = decode(merged.iter().map(|m| m.get("json").cloned().unwrap_or(Value::Null)).collect());
    let failed = |answer: &Value| answer.get("err").map(|e| json!({"err": e}));
    typed
        .iter()
        .zip(merged.iter().zip(pods))
        .map(
            |(t, (m, p))| {
                if m.is_null() { Value::Null } else { failed(t).or_else(|| failed(m)).unwrap_or(p) }
            },
        )
        .collect()
}

/// The answers, in order; null where the program crashed over a question, for Go's code does on some.
fn ask(program: &str, unit: &str, questions: &[Value]) -> Vec<Value> {
    match try_ask(program, unit, questions) {
        Some(answers) => answers,
        None if questions.len() < 2 => vec![Value::Null],
        None => {
            let (left, right) = questions.split_at(questions.len() / 2);
            let mut answers = ask(program, unit, left);
            answers.extend(ask(program, unit, right));
            answers
        }
    }
}

fn try_ask(program: &str, unit: &str, questions: &[Value]) -> Option<Vec<Value>> {
    let file = std::env::temp_dir().join(format!("merge-corpus-{}-{unit}.jsonl", std::process::id()));
    let mut child = Command::new(program)
        .args(["units", "--unit", unit, "--out"])
        .arg(&file)
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let text: String = questions.iter().map(|q| format!("{q}\n")).collect();
    let asked = child.stdin.take().unwrap().write_all(text.as_bytes());
    let answered = child.wait().unwrap().success() && asked.is_ok();
    let answers = std::fs::read_to_string(&file).unwrap();
    let _ = std::fs::remove_file(&file);
    answered.then(|| answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}
