//! Asks the oracle: a batch of questions in, one answer a line out, in the form that `main` compares.

use std::io::Write;
use std::process::{Command, Stdio};

use pillion_govalue::{Value, json, parse};

/// The answers of `units --unit UNIT`.
pub(crate) fn ask(oracle: &str, unit: &str, questions: &[&str]) -> Result<Vec<String>, String> {
    let dir = std::env::temp_dir();
    let out = dir.join(format!("pillion-{}-{unit}.jsonl", std::process::id()));
    let mut child = Command::new(oracle)
        .args(["units", "--unit", unit, "--out"])
        .arg(&out)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .map_err(|e| format!("{oracle}: {e}"))?;
    let mut stdin = child.stdin.take().ok_or("the oracle has no input")?;
    for question in questions {
        writeln!(stdin, "{question}").map_err(|e| format!("asking the oracle: {e}"))?;
    }
    drop(stdin);
    let status = child.wait().map_err(|e| format!("{oracle}: {e}"))?;
    let answers = std::fs::read_to_string(&out).map_err(|e| format!("{}: {e}", out.display()))?;
    let _ = std::fs::remove_file(&out);
    let answers: Result<Vec<String>, String> = answers.lines().map(|line| answer(unit, line)).collect();
    let answers = answers?;
    if !status.success() || answers.len() != questions.len() {
        return Err(format!("{status}: {} answers to {} questions", answers.len(), questions.len()));
    }
    Ok(answers)
}

/// Go says why it cannot write a value in terms of the JSON it has made; only that it cannot is compared.
fn answer(unit: &str, line: &str) -> Result<String, String> {
    let answer = parse(line.as_bytes()).map_err(|e| format!("{line}: {e}"))?;
    if let Some(problem) = answer.get("err").and_then(Value::as_str) {
        return Ok(if unit == "yaml" { fault(problem) } else { "ERR".to_owned() });
    }
    match (answer.get("json"), answer.get("text").and_then(Value::as_str)) {
        (Some(value), _) => Ok(json::to_string(value, json::GO_MAP)),
        (_, Some(text)) => Ok(text.to_owned()),
        _ => Err(format!("no answer in {line}")),
    }
}

/// A message in the form that is compared. Two messages show a value with the Go types of the keys in it, which
/// our values have no longer, and of several keys that JSON cannot have Go names any: that part is cut off.
pub(crate) fn fault(problem: &str) -> String {
    let known = ["unsupported map key", "yaml: invalid map key: map"];
    format!("ERR {}", known.into_iter().find(|known| problem.starts_with(known)).unwrap_or(problem))
}
