//! Rules about the source that no compiler knows: openings, sizes, who may print, who may know whom, names that
//! must not be written down. The rules themselves are in docs/architecture.md.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::repository;

const MOST_LINES: usize = 600;

/// Which modules of the root package a module may name. `cli` is named by nobody but main.
const MAY_KNOW: &[(&str, &[&str])] = &[
    (
        "cluster",
        &["clock", "engine", "lifecycle", "notices", "report", "source", "telemetry", "tls", "watch"],
    ),
    ("body", &["review"]),
    ("clock", &[]),
    ("compare", &["review", "trial"]),
    ("decisions", &["report"]),
    ("engine", &["clock", "memo", "report", "review", "telemetry"]),
    ("explain", &["cluster"]),
    ("files", &[]),
    (
        "http",
        &[
            "body",
            "clock",
            "cluster",
            "decisions",
            "engine",
            "explain",
            "lifecycle",
            "notices",
            "record",
            "report",
            "review",
            "shadow",
            "source",
            "telemetry",
            "tls",
            "trial",
        ],
    ),
    ("lifecycle", &["clock"]),
    ("memo", &["report"]),
    ("notices", &["report", "telemetry"]),
    ("record", &["body", "clock", "engine", "review", "telemetry"]),
    ("redirect", &[]),
    ("report", &[]),
    ("review", &[]),
    ("runtime", &[]),
    (
        "shadow",
        &["body", "clock", "compare", "engine", "record", "report", "telemetry", "tls", "trial", "watch"],
    ),
    ("source", &["engine", "watch"]),
    ("telemetry", &["clock", "report"]),
    ("tls", &["clock", "lifecycle", "telemetry", "watch"]),
    ("trial", &["source"]),
    ("watch", &[]),
];

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if name.starts_with('.') && name != ".ci" || name == "target" {
            continue;
        }
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// Files below these folders with this ending, relative to the repository.
fn below(folders: &[&str], ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    folders.iter().for_each(|folder| files(&repository(folder), &mut found));
    let mut read: Vec<_> = found
        .into_iter()
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .filter_map(|path| {
            let name = path.strip_prefix(repository("")).unwrap().to_string_lossy().into_owned();
            Some((name, fs::read_to_string(path).ok()?))
        })
        .collect();
    read.sort();
    read
}

fn rust() -> Vec<(String, String)> {
    below(&["src", "crates", "tests", "benches", "fuzz"], ".rs")
}

fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn every_file_opens_with_what_it_owns_and_stays_readable() {
    let mut complaints = Vec::new();
    for (name, text) in rust() {
        if !text.starts_with("//!") {
            complaints.push(format!("{name}: does not open with //!"));
        }
        let lines = text.lines().count();
        if lines > MOST_LINES {
            complaints.push(format!("{name}: {lines} lines, {MOST_LINES} at most"));
        }
    }
    none(&complaints);
}

#[test]
fn no_test_is_left_out() {
    let mark = concat!("#[", "ignore");
    let complaints: Vec<String> =
        rust().into_iter().filter(|(_, text)| text.contains(mark)).map(|(name, _)| name).collect();
    none(&complaints);
}

#[test]
fn only_the_command_line_prints() {
    let marks = [concat!("print", "ln!("), concat!("eprint", "!("), concat!("io::std", "out()")];
    let mut complaints = Vec::new();
    for (name, text) in below(&["src", "crates"], ".rs") {
        let allowed =
            ["src/cli/", "/tests", "tests.rs", "corpus", "/examples/"].iter().any(|part| name.contains(part));
        // Unit tests stand last in a file.
        let program = text.split("#[cfg(test)]").next().unwrap_or_default();
        if !allowed && marks.iter().any(|mark| program.contains(mark)) {
            complaints.push(format!("{name}: prints"));
        }
    }
    none(&complaints);
}

#[test]
fn modules_of_the_program_know_only_whom_they_may() {
    let mut complaints = Vec::new();
    for (name, text) in below(&["src"], ".rs") {
        let inside = name.trim_start_matches("src/");
        let module = inside.split(['/', '.']).next().unwrap();
        // Tests may bring together what the program keeps apart.
        if matches!(module, "main" | "lib" | "cli") || name.ends_with("/tests.rs") {
            continue;
        }
        let Some((_, allowed)) = MAY_KNOW.iter().find(|(known, _)| *known == module) else {
            complaints.push(format!("{name}: module {module} is in no row of the import rule"));
            continue;
        };
        for named in named_modules(&text) {
            if named != module && !allowed.contains(&named.as_str()) {
                complaints.push(format!("{name}: {module} must not know {named}"));
            }
        }
    }
    none(&complaints);
}

/// The modules that a file names as `crate::module`.
fn named_modules(text: &str) -> Vec<String> {
    text.split("crate::")
        .skip(1)
        .map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
        .collect()
}

#[test]
fn the_pure_crates_know_no_runtime() {
    let mut complaints = Vec::new();
    for (name, text) in below(&["crates"], "Cargo.toml") {
        for banned in ["tokio", "kube", "axum", "notify", "tracing", "hyper", "rustls"] {
            if text.lines().any(|line| line.split(['.', ' ', '=']).next() == Some(banned)) {
                complaints.push(format!("{name}: depends on {banned}"));
            }
        }
    }
    none(&complaints);
}

#[test]
fn nothing_names_a_machine_or_a_mirror() {
    // Put together here, so that this file does not name them either.
    let marks: Vec<String> =
        [("/ro", "ot/"), ("/wo", "rk/"), ("/ho", "me/"), ("index.crates", "-mirror"), ("go", "proxy.")]
            .map(|(a, b)| format!("{a}{b}"))
            .into();
    let mut complaints = Vec::new();
    let folders = [
        "src",
        "crates",
        "tests",
        "profiles",
        "docs",
        "scripts",
        "certs",
        "charts",
        "manifests",
        ".ci",
        "benches",
    ];
    for (name, text) in below(&folders, "") {
        // Corpora are answers of other programs.
        if name.starts_with("tests/corpus/") {
            continue;
        }
        for mark in &marks {
            if let Some(line) = text.lines().position(|line| line.contains(mark.as_str())) {
                complaints.push(format!("{name}:{}: names {mark}", line + 1));
            }
        }
    }
    none(&complaints);
}
