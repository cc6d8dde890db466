//! Golden cases: `tests/golden/<case>/input.yaml` injected is `expected.yaml`. The README there says what else a case
//! may hold; `UPDATE=1` writes the expectations anew.

use std::fs;
use std::path::Path;

use crate::support::program::{command, err, out};
use crate::support::repository;

#[test]
fn each_case_becomes_what_is_expected() {
    let mut complaints = Vec::new();
    let mut cases: Vec<_> = fs::read_dir(repository("tests/golden"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    assert!(!cases.is_empty());
    for case in cases {
        let injected = inject(&case);
        let expected = case.join("expected.yaml");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&expected, &injected).unwrap();
        }
        let wanted = fs::read_to_string(&expected).unwrap_or_default();
        if injected != wanted {
            complaints.push(format!("{}\n{}", case.display(), first_difference(&wanted, &injected)));
        }
    }
    assert!(complaints.is_empty(), "UPDATE=1 writes them anew:\n{}", complaints.join("\n"));
}

/// What the program makes of a case.
fn inject(case: &Path) -> String {
    let lines = |file: &str| -> Vec<String> {
        let text = fs::read_to_string(case.join(file)).unwrap_or_default();
        text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
    };
    let input = case.join("input.yaml");
    let mut command = command(&["inject", "-f", input.to_str().unwrap()]);
    if case.join("conf").is_dir() {
        command.arg("--config-dir").arg(case.join("conf"));
    }
    command.args(lines("args"));
    for line in lines("env") {
        let (name, value) = line.split_once('=').unwrap();
        command.env(name, value);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}: {}", case.display(), err(&output));
    out(&output)
}

fn first_difference(wanted: &str, got: &str) -> String {
    let (mut wanted, mut got) = (wanted.lines(), got.lines());
    for line in 1.. {
        match (wanted.next(), got.next()) {
            (None, None) => break,
            (wanted, got) if wanted != got => {
                return format!("  line {line}: expected {wanted:?}\n             got {got:?}");
            }
            _ => {}
        }
    }
    "  line ends differ".to_owned()
}
