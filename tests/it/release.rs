//! A release: its version is told in one place and held everywhere else; manual pages and completions tell every command.

use std::fs;

use crate::support::program::{err, out, run};
use crate::support::repository;

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn read(path: &str) -> String {
    fs::read_to_string(repository(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Files, and what must stand in them of the version, however often.
const HELD: &[(&str, &str)] = &[
    ("charts/pillion/Chart.yaml", "version: VERSION\n"),
    ("charts/pillion/Chart.yaml", "appVersion: VERSION\n"),
    ("profiles/envoy/values", "image: pillion-redirect:VERSION\n"),
    ("manifests/base/deployment.yaml", "image: \"pillion:VERSION\"\n"),
    ("manifests/README.md", "newTag: VERSION}"),
    ("Dockerfile", "example.com/pillion:VERSION "),
    ("Dockerfile", "example.com/pillion-redirect:VERSION "),
    ("README.md", "pillion-VERSION-linux-amd64.tar.gz"),
    ("docs/operations.md", "pillion-redirect:VERSION"),
    ("CHANGELOG.md", "\n## [VERSION]"),
];

#[test]
fn the_version_is_that_of_cargo_toml_everywhere() {
    for (path, told) in HELD {
        let told = told.replace("VERSION", VERSION);
        assert!(
            read(path).contains(&told),
            "{path} does not say {told:?}: Cargo.toml's version is {VERSION}"
        );
    }
    // The newest version of the changelog is this one; what is in no release yet stands above it.
    let text = read("CHANGELOG.md");
    let headings: Vec<&str> = text.lines().filter(|line| line.starts_with("## ")).collect();
    assert_eq!(headings[..2], ["## [Unreleased]", &format!("## [{VERSION}]")]);
    for heading in text.lines().filter(|line| line.starts_with("### ")) {
        let known = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];
        assert!(known.contains(&&heading[4..]), "{heading}");
    }
    assert_eq!(out(&run(&["version"])), format!("pillion {VERSION}\n"));
}

/// The commands that the program tells of: the words behind `Commands:` in its help.
fn commands(of: &[&str]) -> Vec<String> {
    let help = out(&run(&[of, &["--help"]].concat()));
    let Some((_, listed)) = help.split_once("\nCommands:\n") else { return Vec::new() };
    let lines = listed.lines().take_while(|line| !line.trim().is_empty());
    // Only lines of a command begin so; others go on with its description.
    let words = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    words
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .filter(|it| it != "help")
        .collect()
}

#[test]
fn every_command_has_a_manual_page() {
    let directory = tempfile::tempdir().unwrap();
    let into = directory.path().to_str().unwrap();
    let written = run(&["man", into]);
    assert!(written.status.success(), "{}", err(&written));
    let page =
        |name: &str| fs::read_to_string(directory.path().join(format!("{name}.1"))).unwrap_or_default();
    let top = commands(&[]);
    assert!(top.len() > 10, "{top:?}");
    let mut count = 1;
    assert!(page("pillion").contains(".TH pillion 1"), "{}", page("pillion"));
    for command in top {
        let mut names = vec![format!("pillion-{command}")];
        names.extend(commands(&[&command]).iter().map(|sub| format!("pillion-{command}-{sub}")));
        for name in names {
            assert!(page(&name).contains(".SH SYNOPSIS"), "there is no page {name}");
            count += 1;
        }
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), count, "a page of no command");
    let failed = run(&["man", "/nowhere"]);
    assert!(failed.status.code() == Some(1) && err(&failed).contains("/nowhere"), "{}", err(&failed));
}

#[test]
fn every_shell_that_a_release_has_completions_for_is_told_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let script = out(&run(&["completions", shell]));
        for command in commands(&[]) {
            assert!(script.contains(&command), "{shell}: {command}");
        }
    }
}
