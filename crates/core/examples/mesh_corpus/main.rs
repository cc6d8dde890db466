//! The corpus of mesh configurations: questions out of the table of types, and answers packed beside them.
//!
//! `mesh_corpus questions > Q` prints one `{"mesh": YAML}` a line: every field of `MeshConfig`, however deep, with
//! values that fit and values that do not, in both spellings, alone and in combinations. Istio's own
//! `mesh.ApplyMeshConfig` answers each with `{"json": …}` or `{"err": …}`; the first question is empty, so its
//! answer is the default. `mesh_corpus pack Q ANSWERS` joins both into rows of `tests/corpus/mesh.jsonl`, where
//! an answer is only what differs from the default (`null`: a member that is gone).

#![allow(clippy::print_stdout, reason = "a generator writes to standard output")]

mod questions;

use std::io::{self, BufRead};

use pillion_govalue::{Map, Value, json, parse};

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["questions"] => {
            for question in questions::all() {
                println!("{}", line([("mesh", Value::from(question))]));
            }
            Ok(())
        }
        ["pack", questions, answers] => pack(&lines(questions)?, &lines(answers)?),
        _ => Err(io::Error::other("usage: mesh_corpus questions | mesh_corpus pack QUESTIONS ANSWERS")),
    }
}

fn pack(questions: &[String], answers: &[String]) -> io::Result<()> {
    let read = |text: &String| -> io::Result<Value<'static>> {
        parse(text.as_bytes()).map(Value::into_owned).map_err(io::Error::other)
    };
    let default = answers.first().map(read).transpose()?.unwrap_or_default();
    let default = default.get("json").cloned().unwrap_or_default();
    for (question, answer) in questions.iter().zip(answers) {
        let (question, answer) = (read(question)?, read(answer)?);
        let mesh = question.get("mesh").cloned().unwrap_or_default();
        let row = match (answer.get("json"), answer.get("err")) {
            (Some(json), _) => line([("mesh", mesh), ("differs", difference(&default, json, 1))]),
            (None, Some(err)) => line([("mesh", mesh), ("err", shortened(err))]),
            (None, None) => continue,
        };
        println!("{row}");
    }
    Ok(())
}

/// Members that differ; objects are looked into `depth` levels further.
fn difference(old: &Value<'static>, new: &Value<'static>, depth: usize) -> Value<'static> {
    let empty = Map::new();
    let (old, new) = (old.as_map().unwrap_or(&empty), new.as_map().unwrap_or(&empty));
    let mut out = Map::new();
    for (key, value) in new.iter() {
        match old.get(key) {
            Some(before) if before == value => {}
            Some(before) if depth > 0 && key.as_str() == "defaultConfig" => {
                out.insert(key.clone(), difference(before, value, depth - 1));
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

/// The first line of an error: the test compares that there is one, people read why.
fn shortened(err: &Value<'static>) -> Value<'static> {
    let text = err.as_str().unwrap_or_default().trim().replace(['\n', '\t'], " ");
    Value::from(text.chars().take(120).collect::<String>())
}

fn line<const N: usize>(members: [(&'static str, Value<'static>); N]) -> String {
    json::to_string(&Value::map(members.into_iter().collect()), json::PLAIN)
}

fn lines(path: &str) -> io::Result<Vec<String>> {
    io::BufReader::new(std::fs::File::open(path)?).lines().collect()
}
