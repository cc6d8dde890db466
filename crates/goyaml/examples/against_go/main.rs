//! Holds this crate against Go's own YAML library: generates texts and values from a seed, asks Go and compares.
//!
//! `PILLION_ORACLE=ORACLE cargo run --release -p pillion-goyaml --example against_go -- [--count N] [--seed S]
//! [--write FILE]`, ORACLE being the program that answers `units --unit yaml` and `units --unit toyaml`, one
//! question a line. Prints `yaml: SAME/TOTAL same, toyaml: SAME/TOTAL same` and the first differences; ends with
//! 1 if there is one. Questions to which Go gives two different answers are left out and counted. `--write` keeps
//! a selection, one of each kind of answer and length, as a corpus for `cargo test`.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

mod generate;
mod go;
mod select;

use std::process::ExitCode;

use pillion_govalue::json;

/// How often Go is asked: where its answer hangs on the order of a map, it has several.
const ASKED: usize = 8;

/// One question with both answers.
pub(crate) struct Row {
    /// The line that asks Go.
    pub(crate) question: String,
    /// Go's answer, or `ERR` and its message.
    pub(crate) go: String,
    /// Ours, in the same form.
    pub(crate) ours: String,
}

struct Options {
    count: usize,
    seed: u64,
    write: Option<String>,
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            println!("{problem}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<bool, String> {
    let options = options()?;
    let oracle =
        std::env::var("PILLION_ORACLE").map_err(|_| "set PILLION_ORACLE to Istio's oracle program")?;
    let mut random = pillion_chance::Rng::new(options.seed);

    let texts: Vec<String> = (0..options.count).map(|_| generate::text(&mut random)).collect();
    let questions: Vec<String> = texts.iter().map(|text| question("text", &quoted(text))).collect();
    let read = compare(&oracle, "yaml", questions, |at| match pillion_goyaml::parse(&texts[at]) {
        Ok(value) => json::to_string(&value, json::GO_MAP),
        Err(e) => go::fault(&e.to_string()),
    })?;

    let values: Vec<_> = (0..options.count).map(|_| generate::value(&mut random, 0)).collect();
    let questions: Vec<String> =
        values.iter().map(|value| question("json", &json::to_string(value, json::GO_MAP))).collect();
    let written = compare(&oracle, "toyaml", questions, |at| match pillion_goyaml::to_yaml(&values[at]) {
        Ok(text) => text,
        Err(_) => "ERR".to_owned(),
    })?;

    let mut same = true;
    println!("seed {}", options.seed);
    for (unit, (rows, unsure)) in [("yaml", &read), ("toyaml", &written)] {
        let different: Vec<&Row> = rows.iter().filter(|row| row.go != row.ours).collect();
        println!("{unit}: {}/{} same ({unsure} left out)", rows.len() - different.len(), rows.len());
        for row in different.iter().take(20) {
            println!("  {}\n    Go   {:?}\n    ours {:?}", row.question, row.go, row.ours);
        }
        same &= different.is_empty();
    }
    if let Some(path) = options.write {
        let corpus = select::corpus(&read.0, &written.0);
        std::fs::write(&path, corpus).map_err(|e| format!("{path}: {e}"))?;
    }
    Ok(same)
}

fn options() -> Result<Options, String> {
    let mut options = Options { count: 20_000, seed: 1, write: None };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        let number = || value.parse::<u64>().map_err(|e| format!("{name} {value}: {e}"));
        match name.as_str() {
            "--count" => options.count = usize::try_from(number()?).unwrap_or(usize::MAX),
            "--seed" => options.seed = number()?,
            "--write" => options.write = Some(value),
            _ => return Err(format!("unknown option {name}; known: --count, --seed, --write")),
        }
    }
    Ok(options)
}

fn question(key: &str, value: &str) -> String {
    format!("{{\"{key}\":{value}}}")
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    json::write_string(&mut out, text, false);
    out
}

/// Both answers to every question to which Go gives one answer, and how many have more.
fn compare(
    oracle: &str,
    unit: &str,
    questions: Vec<String>,
    ours: impl Fn(usize) -> String,
) -> Result<(Vec<Row>, usize), String> {
    let asked: Vec<&str> = questions.iter().map(String::as_str).collect();
    let first = go::ask(oracle, unit, &asked)?;
    let again = (1..ASKED).map(|_| go::ask(oracle, unit, &asked)).collect::<Result<Vec<_>, _>>()?;
    let total = questions.len();
    let mut rows = Vec::with_capacity(total);
    for (at, question) in questions.into_iter().enumerate() {
        if again.iter().all(|answers| answers[at] == first[at]) {
            rows.push(Row { question, go: first[at].clone(), ours: ours(at) });
        }
    }
    let unsure = total - rows.len();
    Ok((rows, unsure))
}
