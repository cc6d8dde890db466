//! Makes `tests/corpus/{mesh,config}.jsonl`: questions out of the table of types and written by hand, with what Istio's
//! own code makes of them. `cargo run -p pillion-core --example config_corpus -- mesh|config PROGRAM OUT`, where
//! PROGRAM is the answering program of `tests/conformance/oracle`.
//!
//! An answer that is a message is kept as what differs from the answer to the first question of its kind, which is the
//! default (`null`: a member that is gone).
#![allow(clippy::print_stdout, reason = "a tool for the developer at hand")]

mod config;
mod mesh;
mod walk;

use std::collections::HashMap;
use std::io::{self, Write};
use std::process::{Command, Stdio};

use pillion_govalue::{Map, Value, json, parse};

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (questions, program, out) = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["mesh", program, out] => (mesh::questions(), program, out),
        ["config", program, out] => (config::questions(), program, out),
        _ => return Err(io::Error::other("usage: config_corpus mesh|config PROGRAM OUT")),
    };
    let answers = ask(program, &questions)?;
    let mut defaults = HashMap::new();
    let rows = questions.iter().zip(&answers).map(|(question, answer)| row(question, answer, &mut defaults));
    let rows: Vec<String> = rows.collect::<io::Result<_>>()?;
    std::fs::write(out, rows.join("\n") + "\n")?;
    println!("{} rows", rows.len());
    Ok(())
}

/// Questions to the program, answers from a file: the program's own output is Istio's log.
fn ask(program: &str, questions: &[Value<'static>]) -> io::Result<Vec<String>> {
    let file = std::env::temp_dir().join(format!("config-corpus-{}.jsonl", std::process::id()));
    let mut child = Command::new(program)
        .args(["units", "--unit", "config", "--out"])
        .arg(&file)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        for question in questions {
            writeln!(input, "{{\"data\":{}}}", json::to_string(question, json::PLAIN))?;
        }
    }
    if !child.wait()?.success() {
        return Err(io::Error::other(format!("{program} failed")));
    }
    let answers = std::fs::read_to_string(&file)?;
    std::fs::remove_file(&file)?;
    Ok(answers.lines().map(String::from).collect())
}

/// A row: the question's members, then the answer's.
fn row(
    question: &Value<'static>,
    answer: &str,
    defaults: &mut HashMap<String, Value<'static>>,
) -> io::Result<String> {
    let answer = parse(answer.as_bytes()).map_err(io::Error::other)?.into_owned();
    let mut row = question.as_map().cloned().unwrap_or_default();
    let kind = row.keys().next().map(|k| String::from(k.as_str())).unwrap_or_default();
    if let Some(err) = answer.get("err") {
        row.insert("err", shortened(err));
    }
    let members = answer.get("json").and_then(Value::as_map).cloned().unwrap_or_default();
    for (key, value) in members {
        if key.as_str() == "json" {
            let default = defaults.entry(kind.clone()).or_insert_with(|| value.clone());
            row.insert("differs", difference(default, &value));
        } else {
            row.insert(key, value);
        }
    }
    Ok(json::to_string(&Value::map(row), json::PLAIN))
}

/// Members that differ; `defaultConfig` is looked into.
fn difference(old: &Value<'static>, new: &Value<'static>) -> Value<'static> {
    let empty = Map::new();
    let (old, new) = (old.as_map().unwrap_or(&empty), new.as_map().unwrap_or(&empty));
    let mut out = Map::new();
    for (key, value) in new.iter() {
        match old.get(key) {
            Some(before) if before == value => {}
            Some(before) if key.as_str() == "defaultConfig" => {
                out.insert(key.clone(), difference(before, value));
            }
            _ => {
                out.insert(key.clone(), value.clone());
            }
        }
    }
    for key in old.keys().filter(|key| !new.contains_key(key)) {
        out.insert(key.clone(), Value::Null);
    }
    Value::map(out)
}

/// The first line of an error: a test compares that there is one, people read why.
fn shortened(err: &Value<'static>) -> Value<'static> {
    let text = err.as_str().unwrap_or_default().trim().replace(['\n', '\t'], " ");
    Value::from(text.chars().take(120).collect::<String>())
}
