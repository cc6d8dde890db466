//! Documentation and code together: what docs/compatibility.md says of releases is what the table of gates says, every
//! test that it points to exists, and docs/operations.md tells every reason and every check of doctor. Never: whether the
//! sentences are good.

use std::collections::BTreeSet;
use std::fs;

use pillion::cluster::doctor::CHECKS;
use pillion::decisions::DecisionLog;
use pillion::http::admit;
use pillion::report::{Gap, Report};
use pillion::source::embedded;
use pillion_core::config::compat::{ROWS, Row};
use pillion_core::config::{Cluster, Release, Settings};
use pillion_core::inject::Reason;
use pillion_core::inject::annotations::TABLE;

use crate::support::webhook::{engine, post, ready};
use crate::support::{POD, repository, review};

fn compatibility() -> String {
    fs::read_to_string(repository("docs/compatibility.md")).unwrap()
}

/// The cells of the row of a table that opens with `first`.
fn row(text: &str, first: &str) -> Option<Vec<String>> {
    let opening = format!("| {first} |");
    let line = text.lines().find(|line| line.starts_with(&opening))?;
    Some(line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect())
}

/// Since when a gate is on, as the table of the documentation writes it.
fn since(row: &Row) -> String {
    let older: Vec<String> = row.backports.iter().map(|(line, patch)| format!("{line}.{patch}")).collect();
    [vec![row.since.to_string()], older].concat().join(", ")
}

#[test]
fn every_gate_is_told_with_the_releases_that_it_is_on_for() {
    let text = compatibility();
    for gate in ROWS {
        let cells = row(&text, &format!("`{}`", gate.gate));
        let told =
            cells.unwrap_or_else(|| panic!("no row of docs/compatibility.md opens with `{}`", gate.gate));
        assert_eq!(told[1], since(gate), "{}", gate.gate);
    }
}

#[test]
fn every_check_of_doctor_is_told_and_no_other() {
    let text = fs::read_to_string(repository("docs/operations.md")).unwrap();
    let section = text.split("\n## ").find(|section| section.starts_with("Doctor\n")).unwrap();
    for check in CHECKS {
        let cells = row(section, &format!("`{}`", check.name));
        let cells =
            cells.unwrap_or_else(|| panic!("no row of docs/operations.md opens with `{}`", check.name));
        assert_eq!(cells[1..], [check.about, check.needs], "{}", check.name);
    }
    let told = section.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(told, CHECKS.len());
}

#[test]
fn every_release_that_is_known_is_told() {
    let text = compatibility();
    for release in Release::ALL {
        assert!(row(&text, &release.to_string()).is_some(), "no row for {release}");
    }
}

#[test]
fn releases_told_as_compared_are_those_of_the_comparison() {
    let compared = fs::read_to_string(repository("tests/conformance/releases.txt")).unwrap();
    let names =
        compared.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split(' ').next());
    let text = compatibility();
    for name in names {
        let line = if name == "latest" { "master" } else { name.rsplit_once('.').unwrap().0 };
        let cells = row(&text, line).unwrap();
        assert!(cells[1].contains(name), "{name} is compared, and the row of {line} does not say so");
    }
}

#[test]
fn every_test_that_the_documentation_names_exists() {
    let [security, reliability] =
        ["docs/security.md", "docs/reliability.md"].map(|page| fs::read_to_string(repository(page)).unwrap());
    for (text, least) in [(&compatibility(), 20), (&security, 5), (&reliability, 60)] {
        let named = tests(text);
        assert!(named.len() > least, "{named:?}");
        exist(named);
    }
    // Each row of the threat model names one, or what of `make` tries it.
    let (_, rows) = security.split_once("## Threat model").unwrap();
    let rows = rows.lines().skip_while(|line| !line.starts_with("| ---")).skip(1);
    let rows: Vec<&str> = rows.take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 15, "{}", rows.len());
    for row in rows {
        let tried = row.trim_matches('|').split(" | ").nth(4).unwrap_or_else(|| panic!("{row}")).trim();
        assert!(tried.contains(".rs::") || tried.starts_with("`make "), "{row}");
    }
}

/// The tests that a page names, by file and name.
fn tests(text: &str) -> BTreeSet<(&str, &str)> {
    let named = text.split('`').filter_map(|code| code.split_once("::"));
    named.filter(|(path, _)| path.ends_with(".rs")).collect()
}

fn exist(named: BTreeSet<(&str, &str)>) {
    for (path, test) in named {
        let source = fs::read_to_string(repository(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
        assert!(source.contains(&format!("fn {test}(")), "{path} has no test {test}");
    }
}

/// What `doctor: …` names: a row of the test of doctor.
const FAULTS: &str = "tests/e2e/doctor/faults.rs";

#[test]
fn every_entry_of_troubleshooting_names_a_test_that_exists_and_every_fault_of_doctor_is_there() {
    let page = fs::read_to_string(repository("docs/troubleshooting.md")).unwrap();
    let faults = fs::read_to_string(repository(FAULTS)).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---"));
    let rows: Vec<Vec<&str>> = rows
        .filter(|line| !line.starts_with("| what you see |"))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    assert!(rows.len() > 50, "{}", rows.len());
    let mut told = BTreeSet::new();
    for row in &rows {
        assert!(row.len() == 4 && row.iter().all(|cell| !cell.is_empty()), "{row:?}");
        if let Some(fault) = row[3].strip_prefix("doctor: ") {
            assert!(faults.contains(&format!("\"{fault}\"")), "{FAULTS} has no fault {fault:?}");
            assert!(told.insert(fault), "told twice: {fault}");
        } else {
            let (path, test) = row[3].trim_matches('`').split_once("::").unwrap_or_else(|| panic!("{row:?}"));
            let source = fs::read_to_string(repository(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
            assert!(source.contains(&format!("fn {test}(")), "{path} has no test {test}");
        }
    }
    // Faults stand behind `fault(`, on that line or the next.
    let (_, table) = faults.split_once("const FAULTS").unwrap();
    for rest in table.split("fault(").skip(1) {
        let Some(name) = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next()) else {
            continue;
        };
        assert!(told.contains(name), "docs/troubleshooting.md does not tell of doctor's fault {name:?}");
    }
}

#[test]
fn every_attack_and_fault_that_is_tried_is_told_with_nothing_lost() {
    let text = fs::read_to_string(repository("docs/reliability.md")).unwrap();
    let (_, table) =
        text.split_once("| attack or fault | load held | lost | memory at peak | test |").unwrap();
    let told: Vec<&str> = table.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    assert!(told.len() >= 40, "{} rows", told.len());
    for line in &told {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        assert!(cells.len() == 5 && cells[2].starts_with("0 of ") && cells[3].ends_with("MiB"), "{line}");
    }
    for module in ["tcp", "http1", "http2", "content", "overload", "cluster", "faults"] {
        let path = format!("tests/siege/{module}.rs");
        let source = fs::read_to_string(repository(&path)).unwrap();
        for (_, named) in source.split("#[tokio::test").skip(1).filter_map(|text| text.split_once("fn ")) {
            let name = named.split('(').next().unwrap();
            assert!(told.iter().any(|line| line.contains(&format!("`{path}::{name}`"))), "no row for {name}");
        }
    }
}

#[test]
fn every_reason_is_told_in_the_order_of_the_table_with_what_to_do() {
    let text = fs::read_to_string(repository("docs/operations.md")).unwrap();
    let (_, table) = text.split_once("\n| reason | result | what it means |").unwrap();
    let told: Vec<&str> = table.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    let rows: Vec<String> = Reason::ALL
        .iter()
        .map(|&reason| {
            let event = Report::refused(reason, "m").tone().map_or(String::new(), |tone| format!("{tone:?}"));
            let (result, sentence, hint) = (reason.verdict().code(), reason.sentence(), reason.hint());
            let row = format!("| `{reason}` | {result} | {sentence} | {hint} | {event} |");
            row.split_whitespace().collect::<Vec<_>>().join(" ")
        })
        .collect();
    assert_eq!(told, rows, "docs/operations.md shall have\n{}", rows.join("\n"));
}

#[test]
fn every_reason_for_a_missing_sidecar_is_told() {
    let text = fs::read_to_string(repository("docs/operations.md")).unwrap();
    let (_, table) = text.split_once("\n| WHY of `missing` | what it means |").unwrap();
    let told: Vec<&str> = table.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    let rows = Gap::ALL.map(|gap| format!("| `{gap}` | {} |", gap.sentence()));
    assert_eq!(told, rows, "docs/operations.md shall have\n{}", rows.join("\n"));
}

/// A default as people write it.
fn default(value: &pillion_govalue::Value<'static>) -> String {
    use pillion_govalue::{Value, json};
    let value = value.get("text").unwrap_or(value);
    match value {
        Value::Null => String::new(),
        Value::Str(text) if text.is_empty() => String::new(),
        Value::Str(text) => format!("`{text}`"),
        other => format!("`{}`", json::to_string(other, json::PLAIN)),
    }
}

#[test]
fn every_annotation_of_the_envoy_profile_is_told_as_it_declares_it() {
    let profile = embedded::build(Settings::default(), Cluster::default()).unwrap().snapshot.declared;
    let text = fs::read_to_string(repository("docs/operations.md")).unwrap();
    let (_, table) =
        text.split_once("\n| annotation | what it takes | default | namespace | what it is for |").unwrap();
    let told: Vec<&str> = table.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    let rows: Vec<String> = profile
        .rows()
        .iter()
        .map(|row| {
            let default = default(profile.defaults().get(&row.key).unwrap());
            let namespace = if row.namespace { "yes" } else { "" };
            let (name, wanted, doc) = (&row.name, row.kind.wanted(), &row.doc);
            let row = format!("| `{name}` | {wanted} | {default} | {namespace} | {doc} |");
            row.split_whitespace().collect::<Vec<_>>().join(" ")
        })
        .collect();
    assert_eq!(told, rows, "docs/operations.md shall have\n{}", rows.join("\n"));
}

#[test]
fn every_deprecated_annotation_is_told() {
    let text = compatibility();
    for row in TABLE {
        let Some(deprecated) = row.deprecated else { continue };
        let told = format!("`{}` ({})", row.name, deprecated.since);
        assert!(text.contains(&told), "docs/compatibility.md does not say {told}");
    }
}

#[tokio::test]
async fn only_json_is_read_as_a_review() {
    let webhook = admit::router(engine(), ready(), DecisionLog::All);
    let yaml = "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nrequest: {uid: u1}\n";
    let json = review(POD);
    let not_text = [json.as_bytes(), b"\xff"].concat();
    let protobuf = b"k8s\x00\x0a\x02v1".to_vec();
    for body in [yaml.as_bytes().to_vec(), not_text, protobuf] {
        let answered = post(&webhook, "/inject", body).await;
        assert!(answered.body.contains(r#""allowed":false"#), "{}", answered.body);
    }
    assert!(post(&webhook, "/inject", json).await.body.contains(r#""allowed":true"#));
}

#[test]
fn every_code_of_the_lint_is_told_as_the_table_has_it() {
    let text = fs::read_to_string(repository("docs/operations.md")).unwrap();
    for code in pillion_core::lint::Code::ALL {
        let cells = row(&text, &format!("`{code}`")).unwrap_or_else(|| panic!("no row for {code}"));
        assert_eq!(cells[1..], [code.severity().name(), code.sentence()], "{code}");
    }
}
