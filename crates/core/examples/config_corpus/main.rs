//! The corpora of configurations: questions out of the table of types and written by hand, and answers packed
//! beside them.
//!
//! `config_corpus mesh|config > Q` prints one question a line. Istio's own code answers each, one line a line:
//! `mesh.ApplyMeshConfig`, `inject.NewValuesConfig`, `inject.UnmarshalConfig`, `EffectiveProxyConfig`, the check of
//! the annotation `proxy.istio.io/config`. `config_corpus pack Q ANSWERS` joins both into rows of
//! `tests/corpus/{mesh,config}.jsonl`. An answer with `json`, a message, is packed as what differs from the answer
//! to the first question of its kind, which is the default (`null`: a member that is gone).

#![allow(clippy::print_stdout, reason = "a generator writes to standard output")]

mod config;
mod mesh;
mod walk;

use std::collections::HashMap;
use std::io::{self, BufRead};

use pillion_govalue::{Map, Value, json, parse};

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["mesh"] => print(&mesh::questions()),
        ["config"] => print(&config::questions()),
        ["pack", questions, answers] => return pack(&lines(questions)?, &lines(answers)?),
        _ => return Err(io::Error::other("usage: config_corpus mesh | config | pack QUESTIONS ANSWERS")),
    }
    Ok(())
}

fn print(questions: &[Value<'static>]) {
    for question in questions {
        println!("{}", json::to_string(question, json::PLAIN));
    }
}

fn pack(questions: &[String], answers: &[String]) -> io::Result<()> {
    let read = |text: &String| -> io::Result<Map<'static>> {
        match parse(text.as_bytes()).map_err(io::Error::other)? {
            Value::Map(map) => Ok((*map).clone().into_owned()),
            _ => Err(io::Error::other("a line is no object")),
        }
    };
    let mut defaults: HashMap<String, Value<'static>> = HashMap::new();
    for (question, answer) in questions.iter().zip(answers) {
        let (mut row, answer) = (read(question)?, read(answer)?);
        let kind = row.keys().next().map(|k| String::from(k.as_str())).unwrap_or_default();
        for (key, value) in answer {
            match key.as_str() {
                "json" => {
                    let default = defaults.entry(kind.clone()).or_insert_with(|| value.clone());
                    row.insert("differs", difference(default, &value));
                }
                "err" => {
                    row.insert("err", shortened(&value));
                }
                _ => {
                    row.insert(key, value);
                }
            }
        }
        println!("{}", json::to_string(&Value::map(row), json::PLAIN));
    }
    Ok(())
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

fn lines(path: &str) -> io::Result<Vec<String>> {
    io::BufReader::new(std::fs::File::open(path)?).lines().collect()
}
