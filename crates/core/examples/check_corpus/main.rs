//! Makes `tests/corpus/check.jsonl`: pods with a value of some kind in a field, for every field of a pod, with what
//! Go's decoder says of them. `cargo run -p pillion-core --example check_corpus -- PROGRAM OUT`, where PROGRAM is
//! the answering program of `tests/conformance/oracle`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a tool for the developer at hand"
)]

use std::collections::HashMap;
use std::io::Write;
use std::process::{Command, Stdio};

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Kind, TypeRef};
use serde_json::{Value, json};

/// Values of every kind, as JSON text.
const PROBES: [&str; 30] = [
    "null",
    "true",
    "0",
    "-1",
    "65536",
    "2147483648",
    "-2147483649",
    "9223372036854775807",
    "9223372036854775808",
    "99999999999999999999",
    "1.5",
    "1.0",
    "\"\"",
    "\"x\"",
    "\"1\"",
    "\"100m\"",
    "\"1.5Gi\"",
    "\"1GiB\"",
    "\" 1 \"",
    "\"2024-05-06T07:08:09Z\"",
    "\"2024-02-30T07:08:09.5+02:00\"",
    "\"2024-05-06 07:08:09Z\"",
    "\"2024-13-06T07:08:09Z\"",
    "\"2024-05-06T07:08:09\"",
    "\"2024-05-06T24:08:09Zé\"",
    "[]",
    "[1]",
    "[null,\"x\"]",
    "{}",
    "{\"a\":1,\"b\":\"x\"}",
];

/// How many of the probes each field gets, by turns; those of rare kinds get all.
const SHARE: usize = 5;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [program, out] = args.as_slice() else { panic!("usage: check_corpus PROGRAM OUT") };
    let mut pods = Vec::new();
    let mut seen = HashMap::new();
    fields(KNOWN.pod, &("{".into(), "}".into()), &mut seen, &mut pods);
    let answers = ask(program, &pods);
    let lines: Vec<String> = pods.iter().zip(&answers).map(|(pod, answer)| line(pod, answer)).collect();
    std::fs::write(out, lines.join("\n") + "\n").unwrap();
    println!("{} cases", lines.len());
}

/// A line of the corpus; the pod stays the text it is, so that numbers keep their spelling.
fn line(pod: &str, answer: &Value) -> String {
    match answer.get("err") {
        Some(err) => format!("{{\"pod\":{pod},\"err\":{err}}}"),
        None => format!("{{\"pod\":{pod}}}"),
    }
}

/// Visits every field; of a struct that several fields have, the first two.
fn fields(
    ty: TypeRef,
    around: &(String, String),
    seen: &mut HashMap<TypeRef, usize>,
    pods: &mut Vec<String>,
) {
    let times = seen.entry(ty).or_insert(0);
    *times += 1;
    if *times > 2 {
        return;
    }
    for field in ty.deref().get().fields() {
        if field.json.is_empty() {
            fields(field.ty, around, seen, pods);
            continue;
        }
        let (before, behind) = (format!("{}\"{}\":", around.0, field.json), around.1.clone());
        inside(field.ty, (before, behind), seen, pods);
    }
}

fn inside(
    ty: TypeRef,
    (before, behind): (String, String),
    seen: &mut HashMap<TypeRef, usize>,
    pods: &mut Vec<String>,
) {
    let rare = matches!(ty.deref().kind(), Kind::Quantity | Kind::Time | Kind::IntOrString | Kind::Int64);
    let count = if rare { PROBES.len() } else { SHARE };
    for turn in 0..count {
        let probe = PROBES[(pods.len() * 7 + turn) % PROBES.len()];
        pods.push(format!("{before}{probe}{behind}"));
    }
    match ty.deref().kind() {
        Kind::Struct(_) => fields(ty.deref(), &(format!("{before}{{"), format!("}}{behind}")), seen, pods),
        Kind::List(item) => inside(item, (format!("{before}["), format!("]{behind}")), seen, pods),
        Kind::Map(_, item) => inside(item, (format!("{before}{{\"k\":"), format!("}}{behind}")), seen, pods),
        _ => {}
    }
}

fn ask(program: &str, pods: &[String]) -> Vec<Value> {
    let file = std::env::temp_dir().join(format!("check-corpus-{}.jsonl", std::process::id()));
    let mut child = Command::new(program)
        .args(["units", "--unit", "apply", "--out"])
        .arg(&file)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let text: String =
        pods.iter().map(|pod| format!("{{\"original\":{pod},\"patch\":{}}}\n", json!([]))).collect();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    let answers = std::fs::read_to_string(&file).unwrap();
    let _ = std::fs::remove_file(&file);
    answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
